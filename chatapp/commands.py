"""Commands for the person who runs the server: `flask --app wsgi chat ...`.

They work on the data folder, all but `restore` while a server uses it. What they do is in `chatapp.chat.archive`; here are
the words of the command line. What goes wrong is told in a sentence, with exit code 1.
"""

import contextlib
import functools
import os
import shlex
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from flask import Flask
from flask.cli import AppGroup

from chatapp import secretkey
from chatapp.chat import archive
from chatapp.config import PREFIX, Settings

#: What belongs to the store but is a file of its own: who somebody is, is signed with it.
BESIDE = (secretkey.FILE_NAME,)


def register(app: Flask, settings: Settings, key: bytes) -> None:
    """Give the app its commands. `key` is the server's key."""
    chat = AppGroup("chat", help="Write out, copy, put back and check what was said in the chat.")
    folder, url = settings.data_dir, settings.database_url

    @chat.command("export")
    @click.option("--room", help="Only this room.")
    @click.argument("file", default="-")
    def export(room: str | None, file: str) -> None:
        """Write everything that was said into FILE, or - for the standard output, as JSON Lines.

        The first line tells of the store and its rooms; each other line is an event as docs/PROTOCOL.md has it, in the order
        of the log. Private conversations are among them.
        """
        with _sentences():
            if file == "-":
                _export_here(_exporter(settings), room)
            else:
                click.echo(f"Events written to {file}: {_export_to(_exporter(settings), Path(file), room)}.")

    @chat.command("backup")
    @click.argument("target", metavar="FOLDER", type=click.Path(path_type=Path))
    def backup(target: Path) -> None:
        """Copy the chat and the secret key into the new FOLDER; a server may go on meanwhile."""
        _refuse_for_postgres(settings, "Copy it with pg_dump --format=custom, and keep the secret key with it.")
        with _sentences():
            count = archive.backup(folder, target, BESIDE)
        click.echo(f"Copied to {target}: {_messages(count)} and the secret key. Keep it where only you can read it.")

    @chat.command("restore")
    @click.argument("source", metavar="FOLDER", type=click.Path(path_type=Path))
    def restore(source: Path) -> None:
        """Put the backup in FOLDER back. The server has to be stopped; what was there is set aside, not removed."""
        _refuse_for_postgres(settings, "Stop all servers, and put a dump back into an empty database with pg_restore.")
        with _sentences():
            done = archive.restore(folder, source, BESIDE)
        click.echo(f"Put back into {folder}: {_messages(done.messages)}.")
        if not done.with_key:
            click.echo("There was no secret key in the backup: the one that was here stays.")
        if done.aside is not None:
            click.echo(f"What was there before is in {done.aside}.")

    @chat.command("check")
    def check() -> None:
        """Look whether the chat is whole. Exit code 1 if it is not."""
        with _sentences():
            if url:
                from chatapp.chat import archive_postgres

                found = archive_postgres.check(url)
            else:
                found = archive.check(folder)
        if found.problems:
            raise click.ClickException("\n".join(found.problems))
        click.echo(f"The chat is whole: {_messages(found.messages)}, {found.events} events in all, {found.rooms} rooms.")

    @chat.command("migrate-store")
    def migrate_store() -> None:
        """Copy the chat of the data folder (SQLite) into the empty PostgreSQL database of CHATAPP_DATABASE_URL.

        No server may run on either. What is in the data folder stays as it is.
        """
        if not url:
            raise click.ClickException(f"Set {PREFIX}DATABASE_URL to the database into which the chat is to be copied.")
        file = folder / secretkey.FILE_NAME
        as_setting = f"{PREFIX}SECRET_KEY={secretkey.HEX}$(od -An -v -tx1 {shlex.quote(str(file))} | tr -d ' \\n')"
        if file.exists() and secretkey.load_or_make(folder) != key:
            raise click.ClickException(
                f"People are known by the key in {file}: with another one nobody could change what they wrote. Leave "
                f"{PREFIX}SECRET_KEY empty, or set {as_setting}"
            )
        with _sentences():
            from chatapp.chat import archive_postgres

            count = archive_postgres.migrate(folder, url, secretkey.mark(key))
        click.echo(
            f"Copied from {folder} into the database: {_messages(count)}. Start the server with {PREFIX}DATABASE_URL."
        )
        if file.exists():
            click.echo(f"Other machines are to have the same key: {as_setting}")

    app.cli.add_command(chat)


def _messages(count: int) -> str:
    return f"{count} message{'' if count == 1 else 's'}"


Export = Callable[[Callable[[str], object], str | None], int]


def _exporter(settings: Settings) -> Export:
    """What writes out the store of these settings."""
    if settings.database_url:
        from chatapp.chat import archive_postgres  # psycopg is not needed, nor loaded, without a database

        return functools.partial(archive_postgres.export, settings.database_url)
    return functools.partial(archive.export, settings.data_dir)


def _refuse_for_postgres(settings: Settings, advice: str) -> None:
    if settings.database_url:
        raise click.ClickException(f"The chat is in PostgreSQL ({PREFIX}DATABASE_URL). {advice}")


def _export_here(export: Export, room: str | None) -> None:
    out = sys.stdout.buffer
    try:
        export(lambda text: out.write(text.encode()), room)
        out.flush()
    except BrokenPipeError:
        raise  # whoever reads it has seen enough
    except OSError as error:
        raise archive.ArchiveError(f"The output can't be written: {error.strerror}.") from error


def _export_to(export: Export, path: Path, room: str | None) -> int:
    """Export into a new file, which is there whole or not at all; the number of events."""
    try:
        file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8")
    except OSError as error:
        raise archive.ArchiveError(f"{path} can't be made: {error.strerror}.") from error
    try:
        with file:
            count = export(file.write, room)
    except BaseException as error:
        path.unlink(missing_ok=True)
        if isinstance(error, OSError):
            raise archive.ArchiveError(f"{path} can't be written: {error.strerror}.") from error
        raise
    return count


@contextlib.contextmanager
def _sentences() -> Iterator[None]:
    try:
        yield
    except archive.ArchiveError as error:
        raise click.ClickException(str(error)) from error
