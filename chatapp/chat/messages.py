"""What the chat is made of, and what may be said: users, posts, events, and the checks of names and texts. Pure.

A post is what somebody wants to put into a room's log; an event is what stands there. `chat.requests` makes posts of what
clients send, `chat.store` makes events of posts, `chat.answers` makes frames of events.
"""

import re
import sys
import unicodedata
from typing import NamedTuple

from chatapp.chat import schema

#: The subprotocol of the page and of programs that want more than the plain dialect.
CHAT_V1 = "chat.v1"
#: The room everybody is in, and the one that plain clients know.
MAIN_ROOM = "main"
#: The id and the name by which all members of a room are mentioned.
ALL = ("*", "all")
#: The longest id a client may give what it sends, in characters.
MAX_ID_CHARS = 64
#: The longest e-mail address (RFC 5321 section 4.5.3.1.3, less the angle brackets).
MAX_EMAIL_CHARS = 254
#: The longest name of a room and its longest topic, in characters.
MAX_ROOM_CHARS = 40
MAX_TOPIC_CHARS = 250
#: The longest emoji, in characters: a family of four with skin tones, or a flag of a region.
MAX_EMOJI_CHARS = 16
#: How much of a message is shown where it is answered, in characters.
QUOTE_CHARS = 160

# What shows nothing alone: spaces, line ends, controls, format characters such as the zero-width space, and marks that
# want a letter before them.
_INVISIBLE = ("Zs", "Zl", "Zp", "Cc", "Cf", "Mn", "Me")
# Line ends and other C0 and C1 controls, and the separators that break a line: none belongs into a name, nor what turns
# the direction of the text around it (UAX #9).
_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
# Letters that show nothing: fillers of Hangul and the blank of Braille.
_BLANKS = "\u115f\u1160\u3164\uffa0\u2800"
# What separates words in a search, marks a name or a direct room, or would have to be written otherwise in an address.
_NOT_IN_ROOM = re.compile(r"""[\s@#/?":]""")


# One emoji: a flag, a key, or symbols joined by U+200D, each with what changes its look or the colour of its skin, or tags.
_PART = "[^\u200d\ufe0f]\ufe0f?[\U0001f3fb-\U0001f3ff]?[\U000e0020-\U000e007f]*"
_EMOJI = re.compile(f"[\U0001f1e6-\U0001f1ff]{{2}}|[0-9#*]\ufe0f?\u20e3|{_PART}(?:\u200d{_PART})*")


class BadMessage(ValueError):
    """Something a client sent that can't be understood or taken. `code` is for programs, the text for people."""

    def __init__(self, code: str, sentence: str, message_id: str | None = None, room: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.message_id = message_id
        self.room = room
        #: How the client had written the room's name, if it joined it by another form than its own.
        self.asked: str | None = None


class User(NamedTuple):
    """Who says something, as others see it: an opaque id, the name, an opaque value that stands for the e-mail.

    `plain`: wrote in the plain dialect, where anybody may use any name.
    """

    id: str
    name: str
    avatar: str
    plain: bool = False


class Mention(NamedTuple):
    """Somebody who is named in a message: the person's id (or * for all) and the name as it stands behind the @."""

    id: str
    name: str


class Reply(NamedTuple):
    """What a message answers: the number of that message, its author's name and its beginning (empty: deleted)."""

    seq: int
    name: str
    text: str


class Post(NamedTuple):
    """What somebody wants to put into the log of a room.

    `text` is the text of a message or an edit, a topic, or an emoji with + or - before it; `target` the number of the
    message that is meant. `id` is None in the plain dialect, and `email` empty in `chat.v1`.
    """

    type: int
    room: str
    user: User
    id: str | None
    text: str
    target: int | None = None
    email: str = ""

    @property
    def size(self) -> int:
        """What the text takes in memory, in bytes: up to four a character."""
        return sys.getsizeof(self.text)


class Event(NamedTuple):
    """What stands in a room's log at `seq`. `pos` is its place over all rooms, `time` milliseconds since 1970 (UTC).

    `number` is how many messages the room has had up to here. A message or edit without text has been deleted.
    """

    pos: int
    room: str
    seq: int
    number: int
    type: int
    time: int
    user: User
    id: str
    text: str
    target: int | None = None
    mentions: tuple[Mention, ...] = ()
    reply: Reply | None = None
    email: str = ""

    @property
    def size(self) -> int:
        """What it takes in memory, in bytes, about."""
        return 500 + sys.getsizeof(self.text) + 200 * len(self.mentions)

    @property
    def is_message(self) -> bool:
        """Whether it is a message, and not something that happened to one."""
        return self.type == schema.MESSAGE


#: How ids begin that the server makes; no client may send one.
PLAIN_ID = "plain-"
OWN_IDS = (PLAIN_ID, "enter-", "main-")


def plain_id(pos: int) -> str:
    """The id of a message that came without one."""
    return f"{PLAIN_ID}{pos}"


def check_id(message_id: str) -> None:
    """Raise `BadMessage` for an id that no client may give."""
    if not 0 < len(message_id) <= MAX_ID_CHARS or _CONTROLS.search(message_id) or message_id.startswith(OWN_IDS):
        raise BadMessage(
            "bad_message",
            f'The field "id" must have 1 to {MAX_ID_CHARS} characters, none of them a control character, and must not begin '
            f"with {' or '.join(OWN_IDS)}.",
        )


def fold(name: str) -> str:
    """The form in which names are compared: without regard to case, to how a character is composed (UAX #15, NFKC), to
    what shows nothing, and to how many spaces there are. Letters of other scripts that look alike stay different.
    """
    text = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    if text.isascii() and "  " not in text and text == text.strip():
        return text
    return " ".join("".join(char for char in text if _shows(char)).split())


def _shows(char: str) -> bool:
    """Whether a character of a name counts: no format character, blank letter or variation selector."""
    return char not in _BLANKS and not "\ufe00" <= char <= "\ufe0f" and unicodedata.category(char) != "Cf"


def check_username(name: str, most: int) -> None:
    """Raise `BadMessage` unless `name` can be shown in one line and is not blank."""
    if not is_visible(name):
        raise BadMessage("bad_name", "You must choose a username.")
    if len(name) > most or len(fold(name)) > most:
        raise BadMessage("bad_name", f"The user name is longer than {most} characters.")
    if _CONTROLS.search(name):
        raise BadMessage("bad_name", "The user name holds a line break or another control character.")


def check_email(email: str) -> None:
    """Raise `BadMessage` unless `email` can be an address or is empty."""
    if len(email) > MAX_EMAIL_CHARS or _CONTROLS.search(email):
        raise BadMessage(
            "bad_email", f"The e-mail is longer than {MAX_EMAIL_CHARS} characters or holds a control character."
        )


def check_text(message: str) -> None:
    """Raise `BadMessage` unless `message` shows something."""
    if not is_visible(message):
        raise BadMessage("bad_message", "The message is empty.")


def check_topic(topic: str) -> None:
    """Raise `BadMessage` unless `topic` is one line of decent length; it may be empty."""
    if len(topic) > MAX_TOPIC_CHARS or _CONTROLS.search(topic):
        raise BadMessage("bad_message", f"A topic is one line of at most {MAX_TOPIC_CHARS} characters.")


def check_emoji(emoji: str) -> None:
    """Raise `BadMessage` unless `emoji` is one: a symbol, or several that are joined to one (UTS #51, section 1.4.9)."""
    if len(emoji) > MAX_EMOJI_CHARS or not _EMOJI.fullmatch(emoji) or not all(map(_is_symbol, emoji.split("\u200d"))):
        raise BadMessage("bad_message", "A reaction is one emoji.")


def _is_symbol(part: str) -> bool:
    """Whether one of the characters that are joined to an emoji is a symbol, or made one by what follows it."""
    return unicodedata.category(part[0]) == "So" or part[1:2] in ("\ufe0f", "\u20e3")


def room_name(name: str) -> str:
    """The form of a room's name that is kept and compared. Raises `BadMessage` for what can't be one."""
    # Its length first: bringing a long run of marks into order takes the square of it.
    folded = fold(name) if len(name) <= 2 * MAX_ROOM_CHARS else name
    if not is_visible(folded) or len(folded) > MAX_ROOM_CHARS:
        raise BadMessage("bad_room", f"The name of a room has 1 to {MAX_ROOM_CHARS} characters.")
    if _NOT_IN_ROOM.search(folded) or _CONTROLS.search(name):
        raise BadMessage("bad_room", 'The name of a room holds no spaces and none of @ # / ? " : (use - between words).')
    return folded


def direct_room(one: str, other: str) -> str:
    """The name of the room of two people."""
    return "@" + "+".join(sorted((one, other)))


def people_of_direct(room: str) -> tuple[str, ...]:
    """The ids of the two people of a direct room; empty for another room."""
    return tuple(room[1:].split("+")) if room.startswith("@") else ()


def quote_of(text: str) -> str:
    """The beginning of a message in one line, to be shown where it is answered."""
    line = " ".join(text[: 4 * QUOTE_CHARS].partition("\0")[0].split())  # SQLite's substr ends at a NUL too
    return line if len(line) <= QUOTE_CHARS else line[: QUOTE_CHARS - 1].rstrip() + "…"


def is_visible(text: str) -> bool:
    """Whether `text` shows something."""
    # Nearly every text begins with something visible, and this is the way of every message.
    if "!" <= text[:1] <= "~":
        return True
    return any(unicodedata.category(char) not in _INVISIBLE and char not in _BLANKS for char in text)
