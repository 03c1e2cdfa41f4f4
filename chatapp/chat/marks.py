"""How far people have read, and under which names they are known: what of it is to be written, and told to other workers.

Kept in the directory as it changes, and written with the next commit (`chat.store`). What changes while a commit is under
way belongs to the next one. A mark gets a version, by which other workers find it, where somebody may have to know soon.
"""

import time
from collections.abc import Callable
from typing import NamedTuple

from chatapp.chat import derived
from chatapp.chat.database import Database
from chatapp.chat.directory import Directory


class Changed(NamedTuple):
    """What a transaction writes of it: put back with `Marks.put_back` if that fails."""

    readings: set[tuple[str, int]]
    people: set[str]
    told: set[str]
    #: The version that the marks got, 0 if none did.
    version: int


class Marks:
    """What of the directory is to be written."""

    def __init__(self, directory: Directory) -> None:
        self._directory = directory
        #: People whose marks the other workers are told with the next commit: they may be there in a moment.
        self.told: set[str] = set()
        #: Whether somebody is in another worker now.
        self.is_elsewhere: Callable[[str], bool] = lambda _person: False
        # People of whom a mark was stored that nobody was told of.
        self._untold: set[str] = set()

    @property
    def has_changed(self) -> bool:
        """Whether there is something to write."""
        return bool(self._directory.changed_readings or self._directory.changed_people)

    @property
    def has_news(self) -> bool:
        """Whether somebody has read further of whom other workers should know soon."""
        changed = self._directory.changed_readings
        return any(person in self.told or self.is_elsewhere(person) for person, _ in changed)

    def announce(self, person: str) -> None:
        """The person is in another worker now, which may have looked up how far they have read before that was stored."""
        if person in self._untold:
            self._untold.discard(person)
            self._directory.write_again(person)
            self.told.add(person)

    def tell_all(self) -> None:
        """The other workers are told of everybody with the next commit."""
        self.told.update(person for person, _ in self._directory.changed_readings)

    def write(self, database: Database, newest: int) -> Changed:
        """Write what has changed, within a transaction; `newest` is the highest version that a mark has."""
        directory = self._directory
        changed = Changed(directory.changed_readings, directory.changed_people, self.told, 0)
        directory.changed_readings, directory.changed_people, self.told = set(), set(), set()
        try:
            return self._write(database, changed, newest)
        except BaseException:
            self.put_back(changed)
            raise

    def _write(self, database: Database, changed: Changed, newest: int) -> Changed:
        directory = self._directory
        if changed.readings:
            people = {person for person, _ in changed.readings}
            told = {person for person in people if person in changed.told or self.is_elsewhere(person)}
            self._untold |= people - told
            if told:
                changed = changed._replace(version=newest + 1)
            rows = list(derived.readings(directory, changed.readings, told, changed.version))
            database.insert("members", rows, derived.READ_FURTHER)
        if changed.people:
            now = int(time.time() * 1000)
            users = [(user.id, user.name, user.avatar, now) for user in map(directory.person, changed.people)]
            database.insert("people", users, derived.RENAMED)
        return changed

    def put_back(self, changed: Changed) -> None:
        """It was not committed."""
        self._directory.changed_readings |= changed.readings
        self._directory.changed_people |= changed.people
        self.told |= changed.told
