"""What Linux knows of a file and Python does not tell: when it was made, on what kind of file system it lies, and
whether anybody has it open for writing.

Takes descriptors and paths; each answer may be "unknown", and who asks does without. Each call takes some microseconds.
"""

import ctypes
import fcntl
import os
import signal
import sys
from typing import Any

_AT_FDCWD, _AT_EMPTY_PATH = -100, 0x1000
_STATX_BTIME = 0x800
_STRUCT_BYTES = 256

#: File systems whose files can change without an event of inotify here: network, FUSE (virtiofs too), layers of
#: containers. By the magic numbers of statfs(2).
REMOTE = {
    0x6969: "NFS",
    0xFF534D42: "CIFS",
    0xFE534D42: "SMB",
    0x517B: "SMB",
    0x65735546: "FUSE",
    0x01021997: "9p",
    0x794C7630: "overlay",
    0x5346414F: "AFS",
    0x6B414653: "AFS",
    0x73757245: "Coda",
    0x00C36400: "Ceph",
    0x0BD00BD0: "Lustre",
    0x47504653: "GPFS",
    0x01161970: "GFS2",
    0x7461636F: "OCFS2",
    0xAAD7AAEA: "PanFS",
    0x564C: "NCP",
    0x786F4256: "VirtualBox",
    0xBACBACBC: "VMware",
}


def _function(name: str) -> Any:
    try:
        return getattr(ctypes.CDLL(None, use_errno=True), name)
    except (OSError, AttributeError):  # another C library
        return None


_statx = _function("statx")
_statfs = _function("statfs")


def birth(file: int | str) -> int:
    """When a file (a descriptor or a path) was made, in nanoseconds since 1970; 0 if that can't be known."""
    if _statx is None:
        return 0
    folder, path = (file, b"") if isinstance(file, int) else (_AT_FDCWD, os.fsencode(file))
    answer = ctypes.create_string_buffer(_STRUCT_BYTES)
    failed = _statx(folder, path, _AT_EMPTY_PATH, _STATX_BTIME, answer)
    told = answer.raw
    if failed or not _number(told, 0, 4) & _STATX_BTIME:
        return 0
    return _number(told, 80, 8) * 1_000_000_000 + _number(told, 88, 4)


def file_system(path: str) -> int:
    """The magic number of the file system that `path` lies on; 0 if that can't be known."""
    if _statfs is None:
        return 0
    answer = ctypes.create_string_buffer(_STRUCT_BYTES)
    if _statfs(os.fsencode(path), answer):
        return 0
    return _number(answer.raw, 0, ctypes.sizeof(ctypes.c_long)) & 0xFFFFFFFF


def is_written(fd: int) -> bool | None:
    """Whether some process has this file open for writing; None if that can't be known.

    Only a file that nobody has open for writing can be leased for reading, and that can be tried: the lease is given
    back at once. Who opens the file in between waits for that microsecond, and the signal that is sent to us then is
    one that means nothing.
    """
    try:
        fcntl.fcntl(fd, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return True
    except OSError:
        return None  # not our file, or a file system without leases
    fcntl.fcntl(fd, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    return False


def _number(data: bytes, at: int, size: int) -> int:
    return int.from_bytes(data[at : at + size], sys.byteorder)
