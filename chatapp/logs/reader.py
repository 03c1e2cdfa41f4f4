"""The past of a file: where its last N lines begin. Reads backwards in blocks and never the whole file.

Takes a descriptor and an end; returns offsets. What it does can wait for the disk: call it in the thread pool.
"""

import os

#: How much is read at a time, going backwards.
BLOCK_BYTES = 65_536
#: How far back the last lines are looked for: a limit for files with few and huge lines.
MAX_BACK_BYTES = 16_777_216


def start_of_last_lines(fd: int, end: int, count: int) -> int:
    """The offset where the last `count` whole lines before `end` begin. `end` is the start of a line or of the file."""
    if count <= 0:
        return end
    # The newline that ends the last line is not counted: it is the one before the first line wanted that is looked for.
    missing = count + 1
    position = end
    lowest = max(0, end - MAX_BACK_BYTES)
    oldest_start = end
    while position > lowest:
        size = min(BLOCK_BYTES, position - lowest)
        block = os.pread(fd, size, position - size)
        newlines = block.count(b"\n")
        if newlines >= missing:
            at = len(block)
            for _ in range(missing):
                at = block.rindex(b"\n", 0, at)
            return position - size + at + 1
        first = block.find(b"\n")
        if first >= 0:
            oldest_start = position - size + first + 1
        missing -= newlines
        position -= size
    return 0 if lowest == 0 else oldest_start


def start_of_last_line(fd: int, end: int) -> int:
    """The offset where the last line begins, whole or half: `end` itself if a newline stands before it."""
    position = end
    lowest = max(0, end - MAX_BACK_BYTES)
    while position > lowest:
        size = min(BLOCK_BYTES, position - lowest)
        at = os.pread(fd, size, position - size).rfind(b"\n")
        if at >= 0:
            return position - size + at + 1
        position -= size
    return lowest
