"""The image of the Dockerfile, built and run as far as that goes without Docker: on this machine's own files as its base.

The steps of the Dockerfile run as they stand, one by one, in a folder whose lower layer is the root of this machine
(overlayfs), so nothing here is changed. Then its command runs as its user, on a read-only file system, in a network and
among processes of its own. What differs from Docker: the base image, and what Docker itself does. Linux, as root.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

from tests.conftest import TOP


class Step(NamedTuple):
    """One instruction of a Dockerfile."""

    name: str
    text: str

    @property
    def words(self) -> list[str]:
        """What it says, in the JSON form or in words."""
        return json.loads(self.text) if self.text.startswith("[") else shlex.split(self.text)


def steps(dockerfile: Path) -> list[Step]:
    """The instructions, with their lines put together."""
    text = re.sub(r"^#.*\n", "", dockerfile.read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return [Step(*line.split(None, 1)) for line in lines]


def context(target: Path) -> None:
    """Copy what .dockerignore lets into the build; it leaves out everything, and then names what comes in after all."""
    rules = [line for line in (TOP / ".dockerignore").read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*", "what is not named stays out"
    named = [rule[1:] for rule in rules if rule.startswith("!")]
    without = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    target.mkdir()
    for name in named:
        if (TOP / name).is_dir():
            shutil.copytree(TOP / name, target / name, ignore=shutil.ignore_patterns(*without))
        else:
            shutil.copy(TOP / name, target)


class Image:
    """Makes of steps the shell script that builds an image and runs it. `python` takes the place of the base image's."""

    def __init__(self, folder: Path, python: str) -> None:
        context(folder / "context")
        self._context = str(folder / "context")
        self._python = python
        self._stages: dict[str, str] = {}
        self._root = ""
        self._folder = "/"
        self._env: dict[str, str] = {}
        self.user = ""
        self._command: list[str] = []
        self._health: list[str] = []
        layers = shlex.quote(str(folder / "layers"))
        self._script = ["set -e", f"mkdir {layers}", f"mount -t tmpfs layers {layers}", f"cd {layers}"]
        for step in steps(TOP / "Dockerfile"):
            self._take(step)

    def _take(self, step: Step) -> None:
        match step.name:
            case "FROM":
                self._begin(step.words[-1])
            case "RUN":
                self._script.append(self._inside(["sh", "-ec", step.text], "0:0"))
            case "COPY":
                self._copy(step.words)
            case "WORKDIR":
                self._folder = step.text
                self._script.append(f"mkdir -p {self._root}{self._folder}")
            case "ENV":
                for name, _, value in (word.partition("=") for word in step.words):
                    self._env[name] = re.sub(r"\$(\w+)", lambda found: self._env[found[1]], value)
            case "USER":
                self.user = step.text
            case "HEALTHCHECK":
                self._health = json.loads(step.text.partition("CMD ")[2])
            case "CMD":
                self._command = step.words
            case "VOLUME" | "EXPOSE":
                pass
            case other:
                raise AssertionError(f"{other} is not known here")

    def _begin(self, stage: str) -> None:
        root = self._root = self._stages[stage] = f"stage{len(self._stages)}"
        self._folder, self._env = "/", {"PATH": f"{os.path.dirname(self._python)}:/usr/bin:/bin:/usr/sbin:/sbin"}
        self._script += [
            f"mkdir {root} {root}.upper {root}.work",
            f"mount -t overlay overlay -o lowerdir=/,upperdir=$PWD/{root}.upper,workdir=$PWD/{root}.work {root}",
            f"mount --rbind /dev {root}/dev && mount --rbind /proc {root}/proc",
            f"mount -t tmpfs tmp {root}/tmp -o mode=1777",
            # The base image has a Python that everybody may run.
            f"python={shlex.quote(self._python)}; name={root}$(dirname $python)/python",
            "[ -e $name ] || ln -s $python $name",
            f"while [ $python != / ]; do python=$(dirname $python); chmod o+x {root}$python; done",
        ]

    def _copy(self, words: list[str]) -> None:
        source = self._context
        if words[0].startswith("--from="):
            source = self._stages[words.pop(0).removeprefix("--from=")]
        *names, target = words
        to = f"{self._root}/{target}" if target.startswith("/") else f"{self._root}{self._folder}/{target}"
        for name in names:
            thing = f"{source}/{name}"  # a folder is copied as what is in it
            self._script.append(f"if [ -d {thing} ]; then mkdir -p {to}; cp -a {thing}/. {to}; else cp {thing} {to}; fi")

    def _inside(self, words: list[str], user: str) -> str:
        env = shlex.join(f"{name}={value}" for name, value in self._env.items())
        # Where packages are to be had is told to pip in the environment, if not in its file.
        pip = '$(env | grep -E "^(PIP_|SSL_|REQUESTS_)" || true)'
        inner = shlex.quote(f"cd {self._folder} && exec {shlex.join(words)}")
        return f"chroot --userspec={user} {self._root} env -i {pip if user == '0:0' else ''} {env} sh -c {inner}"

    def script(self, probe: str) -> str:
        """Build it; run it on a read-only file system, wait until it calls itself healthy, run the program `probe` there."""
        root, uid = self._root, self.user.partition(":")[0]
        healthy = self._inside(self._health, self.user)
        run = f"""
            mount -t proc proc {root}/proc
            ip link set lo up
            {self._inside(self._command, self.user)} & server=$!
            tries=0
            until {healthy} 2>/dev/null; do
                tries=$((tries + 1))
                [ $tries -lt 200 ] && kill -0 $server
                sleep 0.1
            done
            {self._inside(["python", "-c", probe], self.user)}
            kill $server
            wait $server
            echo ended by itself
        """
        return "\n".join([
            *self._script,
            f"mount -t tmpfs data {root}/data -o mode=0700,uid={uid} && mount -o remount,ro {root}",
            f"exec unshare --net --pid --fork --kill-child sh -ec {shlex.quote(run)}",
        ])  # fmt: skip


def can_be_built() -> bool:
    """Whether this machine lets us mount."""
    trial = "mount -t tmpfs x /mnt && mkdir /mnt/u /mnt/w /mnt/m && "
    trial += "mount -t overlay x -o lowerdir=/,upperdir=/mnt/u,workdir=/mnt/w /mnt/m && unshare --net ip link set lo up"
    try:
        return subprocess.run(["unshare", "--mount", "sh", "-c", trial], capture_output=True, timeout=30).returncode == 0
    except FileNotFoundError:
        return False


def run(folder: Path, python: str, probe: str) -> str:
    """Build and run the image in mounts of its own; returns what was said. Raises if anything of it fails."""
    script = Image(folder, python).script(probe)
    done = subprocess.run(["unshare", "--mount", "sh", "-c", script], capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, f"{done.stdout[-3000:]}\n{done.stderr[-6000:]}"
    return done.stdout + done.stderr
