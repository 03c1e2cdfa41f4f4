"""Names: who is called what just now, and whose a name is. In memory, and pure.

Kept by `chat.presence`. Whether a name may be given is asked elsewhere where there are other workers (`chat.workers`).
"""

from chatapp.chat.messages import User, fold


class Names:
    """People under the names they have now, and who holds which."""

    def __init__(self) -> None:
        #: Everybody who is known.
        self.users: dict[str, User] = {}
        self._holders: dict[str, str] = {}  # folded name -> person

    def holder(self, name: str) -> str | None:
        """The person whose name this is."""
        return self._holders.get(fold(name))

    def give(self, user: User) -> None:
        """The name is this person's from now on; the one they had is free."""
        self.release(user.id)
        self._holders[fold(user.name)] = user.id

    def release(self, person: str) -> None:
        """The name of this person is free."""
        user = self.users.get(person)
        if user is not None and self.holder(user.name) == person:
            del self._holders[fold(user.name)]

    def know(self, user: User) -> bool:
        """This is how the person is called now; whether that is new."""
        if self.users.get(user.id) == user:
            return False
        self.users[user.id] = user
        return True

    def forget(self, person: str) -> None:
        """Let go of somebody who is nowhere any more."""
        self.users.pop(person, None)
