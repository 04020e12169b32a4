"""What a file may cost before and while it is read, and how a reader of files limits itself."""

from __future__ import annotations

import io
import sys
import zipfile
import zlib
from dataclasses import dataclass
from typing import Any

from agent.errors import InputError

MIB = 2**20


@dataclass(frozen=True)
class Limits:
    """Bounds on one file. Seconds are wall clock; memory is the address space of one process."""

    pages: int = 300
    ocr_pages: int = 100
    pixels: int = 120_000_000  # A3 at 600 dpi has 70 million
    entries: int = 2_000
    unpacked: int = 150 * MIB
    ratio: int = 300
    seconds: int = 120
    seconds_per_page: int = 90  # of a page that needs OCR
    memory: int = 2_048 * MIB
    ocr_memory: int = 6_144 * MIB


LIMITS = Limits()
MAX_CELLS = 200_000
MAX_SPAN = 1_000


def open_zip(data: bytes, limits: Limits = LIMITS) -> zipfile.ZipFile:
    """The archive, once its own directory promises nothing over the limits. Raises InputError with the reason."""
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, EOFError, NotImplementedError) as error:
        raise InputError(f"the file is broken: {error}") from error
    entries = archive.infolist()
    if len(entries) > limits.entries:
        raise InputError(f"holds {len(entries)} packed files, more than {limits.entries}")
    unpacked = sum(entry.file_size for entry in entries)
    if unpacked > limits.unpacked:
        raise InputError(f"unpacks to {unpacked // MIB} MiB, more than {limits.unpacked // MIB}")
    for entry in entries:
        if entry.flag_bits & 1:
            raise InputError("is encrypted; save it without a password")
        if entry.file_size > MIB and entry.file_size > limits.ratio * max(entry.compress_size, 1):
            raise InputError(f"{entry.filename[:80]} unpacks to more than {limits.ratio} times its size")
    return archive


def unpack(archive: zipfile.ZipFile, member: str, limits: Limits = LIMITS) -> bytes:
    """One member of the archive, never more of it than the limits allow, whatever its directory says."""
    try:
        with archive.open(member) as stream:
            data = stream.read(limits.unpacked + 1)
    except KeyError as error:
        raise InputError(f"the file is broken: it has no {member}") from error
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise InputError(f"the file is broken: {error}") from error
    if len(data) > limits.unpacked:
        raise InputError(f"{member} unpacks to more than {limits.unpacked // MIB} MiB")
    return data


def confine(memory: int, seconds: int, *, may_start: bool = False) -> None:
    """Bound this process's memory and time; refuse it the network, and other programs unless ``may_start``."""
    if sys.platform != "win32":
        import resource

        for kind, most in ((resource.RLIMIT_AS, memory), (resource.RLIMIT_CPU, seconds), (resource.RLIMIT_CORE, 0)):
            hard = resource.getrlimit(kind)[1]
            bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
            resource.setrlimit(kind, (bound, hard))
    refused = {"socket.connect", "socket.getaddrinfo", "socket.bind", "socket.sendto"}
    if not may_start:
        refused |= {"subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork"}

    def refuse(event: str, _arguments: Any) -> None:
        if event in refused:
            raise InputError(f"asks for something outside the file ({event}), which is refused")

    sys.addaudithook(refuse)
