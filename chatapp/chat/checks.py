"""What may be done: whether the room of a post is there, or may be made, and whether the message that is meant is.

Called by `chat.writing` within a transaction that has taken in everything before it, so what is found still holds when it is
done. Raises `BadMessage`.
"""

from collections.abc import Collection, Mapping

from chatapp.chat import messages, schema
from chatapp.chat.database import Execute
from chatapp.chat.directory import Directory, RoomHead
from chatapp.chat.messages import BadMessage, Post
from chatapp.chat.rows import Target, message_at

#: Rooms that there may be, and that one person may make; and the same of rooms of two people.
MAX_ROOMS = (1_000, 50)
MAX_DIRECT_ROOMS = (100_000, 500)
#: Different emoji on one message.
MAX_REACTIONS = 30


def room_of(post: Post, directory: Directory, new: Mapping[str, RoomHead]) -> RoomHead:
    """The room of a post, which may be one of the `new` ones of this transaction."""
    head = directory.rooms.get(post.room) or new.get(post.room)
    if head is None or not directory.may_enter(post.user.id, head):
        raise BadMessage("unknown_room", "There is no such room.", post.id, post.room)
    return head


def kind_of_new(post: Post, directory: Directory, new: Mapping[str, RoomHead]) -> str:
    """Of which kind the room is that a post makes."""
    if post.room in directory.rooms or post.room in new:
        raise BadMessage("room_taken", "There is a room of this name already.", post.id, post.room)
    direct = bool(messages.people_of_direct(post.room))
    most, most_of_one = MAX_DIRECT_ROOMS if direct else MAX_ROOMS
    alike = [head for head in new.values() if head.is_direct == direct]
    if directory.count_rooms(direct) + len(alike) >= most:
        raise BadMessage("too_many", "There are as many rooms as may be.", post.id, post.room)
    if directory.made_by(post.user.id, direct) + _made_by(post.user.id, alike) >= most_of_one:
        raise BadMessage("too_many", "You have made as many rooms as one may.", post.id, post.room)
    return "direct" if direct else "room"


def _made_by(person: str, heads: Collection[RoomHead]) -> int:
    return sum(head.maker == person for head in heads)


def target_of(execute: Execute, post: Post, head: RoomHead, seq: int) -> Target:
    """The message that is meant, the one with this number."""
    target = message_at(execute, head.key, seq)
    if target is None or (not target.text and post.type != schema.MESSAGE):
        raise BadMessage("unknown_message", "That message is not there any more.", post.id, post.room)
    if post.type in (schema.EDIT, schema.DELETE) and target.person != post.user.id:
        raise BadMessage("not_yours", "Only who wrote a message may change or delete it.", post.id, post.room)
    if post.type == schema.REACT and post.text[0] == "+":
        others = execute(
            "SELECT count(DISTINCT emoji) FROM reactions WHERE room = ? AND seq = ? AND emoji != ?",
            (head.key, seq, post.text[1:]),
        ).fetchone()[0]
        if others >= MAX_REACTIONS:
            raise BadMessage("too_many", "This message has as many reactions as it may have.", post.id, post.room)
    return target
