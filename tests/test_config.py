"""Settings are read from the environment once, typed, and a wrong one is named with what to write instead."""

import dataclasses
from pathlib import Path

import pytest

from chatapp import config

README = Path(__file__).resolve().parent.parent / "README.md"


def test_without_any_variable_all_defaults_hold() -> None:
    assert config.load({}) == config.Settings()


def test_values_are_typed() -> None:
    settings = config.load(
        {
            "CHATAPP_BIND": "[::1]:9000",
            "CHATAPP_DATA_DIR": "/tmp/x",
            "CHATAPP_MAX_CLIENTS": " 10 ",
            "CHATAPP_MESSAGE_RATE": "0.5",
            "CHATAPP_ALLOWED_ORIGINS": "https://Chat.example.org/, http://localhost:3000",
            "CHATAPP_LOG_ENCODINGS": "old/*.log = GBK, a=b.log=latin-1,,",
            "CHATAPP_LOGS": "/var/log/app.log, /var/log/nginx/,,/srv/*.log",
        }
    )
    assert settings.bind == "[::1]:9000"
    assert settings.data_dir == Path("/tmp/x")
    assert settings.max_clients == 10
    assert settings.message_rate == 0.5
    assert settings.allowed_origins == ("https://chat.example.org", "http://localhost:3000")
    assert settings.log_encodings == (("old/*.log", "gbk"), ("a=b.log", "iso8859-1"))
    assert settings.logs == ("/var/log/app.log", "/var/log/nginx/", "/srv/*.log")


@pytest.mark.parametrize(
    ("name", "value", "advice"),
    [
        ("BIND", "8000", "HOST:PORT"),
        ("BIND", "localhost:99999", "HOST:PORT"),
        ("DATA_DIR", "", "path of a folder"),
        ("MAX_CLIENTS", "many", "whole number"),
        ("MAX_CLIENTS", "0", "from 1"),
        ("MAX_CLIENTS", "1.5", "whole number"),
        ("MAX_CLIENTS", "9" * 5000, "whole number"),
        ("MESSAGE_RATE", "-1", "from 0"),
        ("MESSAGE_RATE", "nan", "a number"),
        ("PING_SECONDS", "", "a number"),
        ("ALLOWED_ORIGINS", "chat.example.org", "https://chat.example.org"),
        ("ALLOWED_ORIGINS", "https://x/path", "origins"),
        ("ALLOWED_ORIGINS", "https://[::1", "origins"),
        ("GRAVATAR_URL", "http://[/", "http"),
        ("AVATARS", "pravatar", "local or gravatar"),
        ("GRAVATAR_URL", "file:///etc/", "http"),
        ("LOG_WATCH", "inotify", "auto or poll"),
        ("DATABASE_URL", "mysql://u:sesame-open@h/d", "postgresql://"),
        ("SECRET_KEY", "sesame-open", "at least 32"),
        ("SECRET_KEY", "hex:" + "0g" * 32, "64 hexadecimal digits"),
        ("MACHINE", "web\n1", "printable"),
        ("OUTBOX_BYTES", "600000", "at least 8 times"),
        ("LOG_ENCODINGS", "gbk", "PATTERN=ENCODING"),
        ("LOG_ENCODINGS", "*.log=gbk,=latin-1", "PATTERN=ENCODING"),
        ("LOG_ENCODINGS", "*.log=klingon", "PATTERN=ENCODING"),
        ("LOG_ENCODINGS", "*.log=utf-7", "ASCII"),
        ("LOG_ENCODINGS", "*.log=iso2022-jp", "ASCII"),
        ("LOG_ENCODINGS", "*.log=base64", "ASCII"),
        ("LOG_LINE_BYTES", "2000000", "to 1048576"),
    ],
)
def test_a_wrong_value_is_named_with_what_to_write(name: str, value: str, advice: str) -> None:
    environ = (
        {f"CHATAPP_{name}": value, "CHATAPP_MAX_MESSAGE_BYTES": "100000"}
        if name == "OUTBOX_BYTES"
        else {f"CHATAPP_{name}": value}
    )
    with pytest.raises(config.SettingError) as caught:
        config.load(environ)
    assert f"CHATAPP_{name}" in str(caught.value)
    assert advice in str(caught.value)


def test_a_long_line_fits_into_the_outbox() -> None:
    with pytest.raises(config.SettingError, match="at least 8 times CHATAPP_LOG_LINE_BYTES"):
        config.load({"CHATAPP_LOG_LINE_BYTES": "1048576"})
    config.load({"CHATAPP_LOG_LINE_BYTES": "1048576", "CHATAPP_OUTBOX_BYTES": "8388608"})


def test_a_wrong_token_is_not_repeated_in_the_error() -> None:
    with pytest.raises(config.SettingError) as caught:
        config.load({"CHATAPP_LOG_TOKEN": "short"})
    assert "short" not in str(caught.value)
    assert "CHATAPP_LOG_TOKEN" in str(caught.value)


def test_a_variable_that_is_no_setting_is_told_with_what_was_meant() -> None:
    assert config.unknown_names({"CHATAPP_LOG_TOKN": "x", "PATH": "/"}) == [
        "CHATAPP_LOG_TOKN is not a setting and was ignored. Did you mean CHATAPP_LOG_TOKEN?"
    ]


@pytest.mark.parametrize("field", dataclasses.fields(config.Settings), ids=lambda field: field.name)
def test_the_readme_lists_every_setting_with_its_meaning(field: "dataclasses.Field[object]") -> None:
    """`bin/readme-settings` prints the table."""
    rows = [line for line in README.read_text().splitlines() if line.startswith(f"| `{field.name.upper()}` |")]
    assert len(rows) == 1
    assert field.metadata["meaning"] in rows[0]


@pytest.mark.parametrize("password", ["SEC@RET", "SEC/RET", "SEC%RET", "SEC RET"])
def test_a_password_that_would_be_taken_for_a_host_is_refused_and_not_told(password: str) -> None:
    with pytest.raises(config.SettingError, match="%40 for @") as caught:
        config.load({"CHATAPP_DATABASE_URL": f"postgresql://ann:{password}@db.example:5432/chat"})
    assert "SEC" not in str(caught.value)
    assert "RET" not in str(caught.value)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:a%40b%2Fc%25@one:5432,two:5432/chat?target_session_attrs=read-write",
        "postgresql:///chat?host=/run/postgresql",
        "postgres://ann:a#b@[::1]:5432/chat?user=a@b",
    ],
)
def test_addresses_of_databases_that_libpq_takes_are_taken(url: str) -> None:
    assert config.load({"CHATAPP_DATABASE_URL": url}).database_url == url
