"""What is said on the wire of the logs: parse, encode, in both dialects. Pure: text in, message or error out.

Plain: a line of the file is a text message, its newline included; what the client says is its filter. `logs.v1` is one
JSON object a message with `type` first (docs/PROTOCOL.md). Lines come from `logs.feed`; frames go back to it.
"""

import dataclasses
import datetime
import json
from typing import Any, TypeGuard

from chatapp.logs.conditions import BadCondition, Condition, Filter
from chatapp.logs.files import LogFile
from chatapp.logs.lines import Block, Line
from chatapp.logs.shown import shown, to_texts, to_utf8
from chatapp.realtime.frames import TEXT, header, text_frame, text_frame_of

#: The subprotocol of the page.
LOGS_V1 = "logs.v1"
#: The most lines that may be asked for of the past.
MAX_TAIL_LINES = 100_000

_encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode


class BadRequest(ValueError):
    """Something a client sent that can't be understood. `code` is for programs, the text for people.

    `field` is the one that is wrong, where a person can mend it.
    """

    def __init__(self, code: str, sentence: str, file: str | None = None, field: str | None = None) -> None:
        super().__init__(sentence)
        self.code = code
        self.file = file
        self.field = field


@dataclasses.dataclass(frozen=True, slots=True)
class Tail:
    """Begin with the last `count` lines."""

    count: int


@dataclasses.dataclass(frozen=True, slots=True)
class Resume:
    """Begin at a position told earlier."""

    generation: str
    offset: int


#: Begin with the first line of the file.
START = Resume("", 0)

Begin = Tail | Resume


@dataclasses.dataclass(frozen=True, slots=True)
class Open:
    """Follow a file from somewhere, or only those of its lines that pass a filter."""

    file: str
    begin: Begin
    filter: Filter


@dataclasses.dataclass(frozen=True, slots=True)
class Refilter:
    """From now on tell only lines that pass this filter."""

    file: str
    filter: Filter


@dataclasses.dataclass(frozen=True, slots=True)
class Close:
    """Follow it no longer."""

    file: str


def parse_v1(text: str) -> Open | Refilter | Close:
    """Read a message of `logs.v1`. Raises `BadRequest`."""
    try:
        fields = json.loads(text)
    except (ValueError, RecursionError):
        raise BadRequest("bad_json", "This is not JSON.") from None
    if not isinstance(fields, dict):
        raise BadRequest("bad_json", "This is JSON, but not an object.")
    kind, file = fields.get("type"), fields.get("file")
    if kind not in ("open", "filter", "close"):
        raise BadRequest("bad_type", 'The field "type" must be "open", "filter" or "close".')
    if not isinstance(file, str):
        raise BadRequest("bad_request", 'The field "file" is missing or is not text.')
    if kind == "close":
        return Close(file)
    begin = _parse_begin(fields.get("from", {"tail": 1000}), file)
    wanted = Filter(_parse_condition(fields, "include", file), _parse_condition(fields, "exclude", file))
    return Refilter(file, wanted) if kind == "filter" else Open(file, begin, wanted)


def _parse_condition(fields: dict[str, Any], key: str, file: str) -> Condition | None:
    said = fields.get(key)
    if said is None:
        return None
    text, pattern, case = (said.get(part) for part in ("text", "pattern", "case")) if isinstance(said, dict) else (None,) * 3
    if not isinstance(text, str) or not isinstance(pattern, bool) or not isinstance(case, bool):
        raise BadRequest(
            "bad_request",
            f'The field "{key}" must be null or {{"text": text, "pattern": true or false, "case": true or false}}.',
            file,
        )
    try:
        return Condition(text, pattern, case)
    except BadCondition as bad:
        raise BadRequest("bad_pattern", str(bad), file, key) from None


def _parse_begin(begin: Any, file: str) -> Begin:
    if begin == "start":
        return START
    if isinstance(begin, dict):
        tail, generation, offset = begin.get("tail"), begin.get("generation"), begin.get("offset")
        if _is_count(tail) and tail <= MAX_TAIL_LINES:
            return Tail(tail)
        if _is_count(offset) and isinstance(generation, str) and generation:
            return Resume(generation, offset)
    raise BadRequest(
        "bad_request",
        'The field "from" must be "start", {"tail": number} or {"generation": text, "offset": number}; '
        f"tail is at most {MAX_TAIL_LINES}.",
        file,
    )


def _is_count(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**63


def encode_plain(block: Block, only: bytes) -> bytes:
    """The lines that hold `only`, as one frame each, newline included."""
    texts = to_utf8(block.data).split(b"\n")
    if only:
        texts = [text for text in texts if only in text]
    return b"".join([header(TEXT, len(text) + 1) + text + b"\n" for text in texts])


def encode_v1(
    file: str,
    generation: str,
    block: Block | None,
    following: int,
    passed: int | None = None,
    unfinished: bool = False,
) -> bytes:
    """The lines, if there are any, as one frame of `logs.v1`; `following` is the offset after the last that was looked at.

    With a filter `passed` says how many were passed over. `unfinished`: the last has no newline, and never will.
    """
    # Written by hand, since an encoder that is given the lines one by one takes longer than all the rest does.
    head = f'{{"type":"lines","file":{_encode(file)},"generation":{_encode(generation)},"lines":['
    foot = f'],"next":{following}'
    if passed is not None:
        foot += f',"passed":{passed}'
    foot += ',"unfinished":true}' if unfinished else "}"
    lines = _encode_lines(block) if block is not None else b""
    return text_frame_of([_to_utf8(head), lines, foot.encode()])


def _encode_lines(block: Block) -> bytes:
    """The lines as JSON: `[offset,text]` each."""
    texts = _escape(shown(block.data)).decode("utf-8", "replace").split("\n")
    return ",".join([f'[{start},"{text}"]' for start, text in zip(block.starts, texts, strict=True)]).encode()


def _escape(data: bytes) -> bytes:
    """What is in JSON strings; of control characters nothing is left but what `shown` leaves, and newlines between lines."""
    data = data.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return data.replace(b"\t", b"\\t").replace(b"\x1b", b"\\u001b")


def partial(file: str, generation: str, line: Line) -> bytes:
    """A half line, as a frame of `logs.v1`."""
    (text,) = to_texts([line])
    return _frame({"type": "partial", "file": file, "generation": generation, "offset": line[0], "text": text})


def notice(file: str, kind: str, generation: str | None, message: str, **more: Any) -> bytes:
    """Something that happened to the file, as a frame of `logs.v1`."""
    return _frame({"type": "notice", "file": file, "kind": kind, "generation": generation, "message": message, **more})


def files(listed: list[LogFile], machine: str) -> bytes:
    """The files there are, as a frame of `logs.v1`."""
    return _frame({"type": "files", **files_fields(listed, machine)})


def files_fields(listed: list[LogFile], machine: str) -> dict[str, Any]:
    """The files there are, and on which of several machines, if there are several."""
    return {"files": _file_list(listed), **({"machine": machine} if machine else {})}


def _file_list(listed: list[LogFile]) -> list[dict[str, Any]]:
    """The files there are, each with its rotated files, newest first."""
    return [
        {
            "name": file.name,
            "size": file.size,
            "modified": _iso(file.modified),
            "siblings": [
                {
                    "name": sibling.name,
                    "size": sibling.size,
                    "modified": _iso(sibling.modified),
                    "generation": sibling.generation or None,
                }
                for sibling in file.siblings
            ],
        }
        for file in listed
    ]


def error(bad: BadRequest) -> bytes:
    """What was refused and why, as a frame of `logs.v1`."""
    fields = {"type": "error", "code": bad.code, "message": str(bad)}
    if bad.file is not None:
        fields["file"] = bad.file
    if bad.field is not None:
        fields["field"] = bad.field
    return _frame(fields)


def _iso(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    try:
        time = datetime.datetime.fromtimestamp(seconds, datetime.UTC)
    except (ValueError, OverflowError, OSError):  # a file system can hold years that a calendar can't
        return None
    return time.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _frame(fields: dict[str, Any]) -> bytes:
    return text_frame(_to_utf8(_encode(fields)))


def _to_utf8(text: str) -> bytes:
    # A name from the disk may hold bytes that are no text; lone surrogates stand for them and can't be sent.
    return text.encode("utf-8", "replace")
