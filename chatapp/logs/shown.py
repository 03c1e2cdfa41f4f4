"""How lines are shown: as valid UTF-8, without what ends them, control characters made visible. Pure.

Lines come blacked out from those who tell them: `logs.wire` (live), `web.log_pages`, `logs.search`, `logs.outgoing`. Most
hold nothing odd, so what is looked for is looked for in many lines at once.
"""

import re

from chatapp.logs.lines import NUL_RUN, Line, tell_nuls

# What can't be shown as it is. Escape is left alone: it begins colours, which the page makes.
_ODD = bytes(code for code in range(32) if code not in b"\t\n\x1b") + b"\x7f"
_NULS = re.compile(rb"\x00{%d,}" % (NUL_RUN + 1))
_PICTURES = {code: 0x2400 + code for code in range(32) if code not in b"\t\x1b"} | {0x7F: 0x2421}


def to_utf8(data: bytes) -> bytes:
    """The same bytes as valid UTF-8: what is not becomes U+FFFD."""
    try:
        data.decode()
    except UnicodeDecodeError:
        return data.decode("utf-8", "replace").encode()
    return data


def to_texts(lines: list[Line]) -> list[str]:
    """How each of some lines is shown."""
    data = shown(b"\n".join([text for _, text in lines]))
    return data.decode("utf-8", "replace").split("\n") if lines else []


def shown(data: bytes) -> bytes:
    """How lines joined by newlines are shown, joined so; what is not UTF-8 is left to who decodes it."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").removesuffix(b"\r")
    if _is_odd(data):
        return "\n".join([_shown(text) for text in data.split(b"\n")]).encode()
    return data


def _is_odd(data: bytes) -> bool:
    # Taking them out, if there are any, is five times as fast as an expression that looks for them.
    return len(data.translate(None, _ODD)) < len(data)


def _shown(text: bytes) -> str:
    text = text.rstrip(b"\r")
    if b"\r" in text:  # a progress bar, drawn over and over: what one would see
        text = text[text.rindex(b"\r") + 1 :]
    if _is_odd(text):
        text = _NULS.sub(lambda nuls: tell_nuls(len(nuls[0])), text)
        return text.decode("utf-8", "replace").translate(_PICTURES)
    return text.decode("utf-8", "replace")
