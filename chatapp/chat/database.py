"""What goes wrong with a database, whichever it is: the one error that the rest of the chat knows.

Made where SQLite (`chat.sqlite`) or PostgreSQL (`chat.postgres`) is spoken to; caught where somebody can be told. Pure.
"""


class DatabaseError(Exception):
    """The database can't do this now.

    `busy`: it is held by somebody else, or away, which ends by itself; `damaged`: somebody has to look after it; `hopeless`:
    it can't take anything, because the disk is full, say. Otherwise it is about what it was asked. `unknown`: what was to
    be committed may be committed or not, and nobody could be asked.
    """

    def __init__(
        self, text: str, *, busy: bool = False, damaged: bool = False, hopeless: bool = False, unknown: bool = False
    ) -> None:
        super().__init__(text)
        self.busy = busy
        self.damaged = damaged
        self.hopeless = hopeless or damaged
        self.unknown = unknown
