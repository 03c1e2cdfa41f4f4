"""The compose file: checked, because there is no Docker here that could run it."""

import dataclasses
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from chatapp import config
from tests.conftest import TOP, missing

DEPLOY = TOP / "deploy"
SETTINGS = {f"{config.PREFIX}{field.name.upper()}" for field in dataclasses.fields(config.Settings)}


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    said: dict[str, Any] = yaml.safe_load((TOP / "compose.yaml").read_text())
    return said


def test_the_compose_file_sets_what_are_settings(compose: dict[str, Any]) -> None:
    server = compose["services"]["server"]
    names = {name for name in server["environment"] if name.startswith(config.PREFIX)}
    assert names <= SETTINGS
    assert not server.get("privileged")
    # What a person has to write down is named at the top, and asked for where it is missing.
    top = (TOP / "compose.yaml").read_text().partition("\n\n")[0]
    used = set(re.findall(r"\$\{(\w+)", json.dumps(compose)))
    assert used == set(re.findall(r"^#   (\w+)=", top, re.MULTILINE))


def test_the_server_starts_with_what_the_compose_file_sets(compose: dict[str, Any]) -> None:
    values = {"CHATAPP_HOST": "c.example", "POSTGRES_PASSWORD": "ab" * 24, "CHATAPP_METRICS_TOKEN": "cd" * 24}
    values |= {"CHATAPP_SECRET_KEY": "ef" * 24, "CHATAPP_LOG_TOKEN": "01" * 24}

    def filled(text: str) -> str:
        return re.sub(r"\$\{(\w+)[^}]*\}", lambda found: values[found[1]], text)

    environ = {name: filled(text) for name, text in compose["services"]["server"]["environment"].items()}
    settings = config.load(environ)
    assert settings.database_url == f"postgresql://chatapp:{values['POSTGRES_PASSWORD']}@database/chatapp"
    assert settings.metrics_token == values["CHATAPP_METRICS_TOKEN"]
    database = {name: filled(text) for name, text in compose["services"]["database"]["environment"].items()}
    assert database == {
        "POSTGRES_USER": "chatapp",
        "POSTGRES_DB": "chatapp",
        "POSTGRES_PASSWORD": values["POSTGRES_PASSWORD"],
    }


def test_the_proxy_of_the_compose_file_is_the_one_that_is_trusted(compose: dict[str, Any]) -> None:
    services = compose["services"]
    address = services["proxy"]["networks"]["inside"]["ipv4_address"]
    assert services["server"]["environment"]["CHATAPP_TRUSTED_PROXIES"] == address
    assert compose["networks"]["inside"]["ipam"]["config"] == [{"subnet": address.rpartition(".")[0] + ".0/24"}]
    # Nobody reaches the server past it but who is on the same computer.
    assert all(port.startswith("127.0.0.1:") for port in services["server"]["ports"])
    assert "ports" not in services["database"]


@pytest.mark.deploy
def test_docker_compose_takes_the_compose_file(tmp_path: Path) -> None:
    command = ["docker-compose"] if shutil.which("docker-compose") else ["docker", "compose"]
    try:
        subprocess.run([*command, "version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        missing("there is no docker compose here")
    shutil.copy(TOP / "compose.yaml", tmp_path)
    done = subprocess.run([*command, "config"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode != 0, "a password that is missing is told"
    assert "is missing in .env" in done.stderr
    (tmp_path / ".env").write_text(
        "CHATAPP_HOST=c.example\nPOSTGRES_PASSWORD=abc\nCHATAPP_SECRET_KEY=0123456789abcdef0123456789abcdef\n"
        "CHATAPP_LOG_TOKEN=abcdefgh\n"
    )
    done = subprocess.run([*command, "config"], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "postgresql://chatapp:abc@database/chatapp" in done.stdout


def test_the_proxy_of_the_compose_file_gets_the_documented_configuration(compose: dict[str, Any], tmp_path: Path) -> None:
    (*_, command) = compose["services"]["proxy"]["command"]
    sed, _, rest = command.replace("$$", "$").partition(" > ")
    assert rest.startswith("/etc/nginx/conf.d/default.conf && exec nginx")
    sed = sed.replace("/nginx.conf", str(DEPLOY / "nginx.conf"))
    env = {"PATH": os.environ["PATH"], "CHATAPP_HOST": "c.example"}
    text = subprocess.run(["sh", "-c", sed], env=env, capture_output=True, text=True, check=True).stdout
    lines = [line.partition("#")[0].split() for line in text.splitlines()]
    servers = [line[1].rstrip(";") for line in lines if line[:1] == ["server"] and line[-1] != "{"]
    assert servers == ["server:8000"]
    assert ["ssl_certificate", "/etc/ssl/chatapp/fullchain.pem;"] in lines
    assert ["server_name", "c.example;"] in lines
    assert "chat.example.org" not in "".join(word for line in lines for word in line)
