"""What this installation stands on: database, journal, disk, model. No key is shown, no database changed."""

from __future__ import annotations

import os
import shutil
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from agent.database import STEPS, open_for_reading, steps_taken
from agent.doctor_packages import Line
from agent.doctor_texts import say
from agent.errors import ModelError, PermanentModelError, StoreError, UsageError
from agent.language import Language
from agent.weights import MARGIN, QWEN, fetched, models_folder

if TYPE_CHECKING:
    from agent.model import Answer
    from agent.settings import ModelSettings

NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "davfs", "fuse.glusterfs", "fuse.sshfs", "vboxsf"}
)
"""File systems whose files lie on another machine."""

_MOUNTS = Path("/proc/self/mounts")
_LOOK_SECONDS = 0.05


def database(path: Path, language: Language, seconds: float = _LOOK_SECONDS) -> Line:
    """Whether the database opens, is whole and may be written."""
    if not path.exists() or (path.is_file() and not path.stat().st_size):
        return Line("database", "ok", say(language, "no_database", path=path))
    try:
        with open_for_reading(path) as db:
            taken = steps_taken(db)
            counts = {table: _count(db, table) for table in ("documents", "records")}
            damage = _damage(db, seconds)
    except StoreError as error:
        return Line("database", "broken", str(error))
    unknown = ", ".join(step for step in taken if step not in STEPS)
    if unknown:
        found = say(language, "newer_database", path=path, steps=unknown)
        return Line("database", "broken", found, say(language, "update"))
    if damage:
        found = say(language, "damaged", path=path, what=damage)
        return Line("database", "broken", found, say(language, "recover", path=path))
    if not os.access(path, os.W_OK):
        return Line("database", "broken", say(language, "read_only", path=path), say(language, "permit"))
    whole = say(language, "too_large" if damage is None else "whole")
    steps = {"steps": len(taken), "known": len(STEPS), "size": size(path.stat().st_size)}
    return Line("database", "ok", say(language, "is_database", path=path, whole=whole, **steps, **counts))


def _count(db: sqlite3.Connection, table: str) -> int:
    if not db.execute("select 1 from sqlite_master where name = ?", [table]).fetchone():
        return 0
    return int(db.execute(f"select count(*) from {table}").fetchone()[0])  # noqa: S608 -- our own tables


def _damage(db: sqlite3.Connection, seconds: float) -> str | None:
    """The first damage found, empty where there is none; None where looking would take too long."""
    end = time.monotonic() + seconds
    db.set_progress_handler(lambda: time.monotonic() >= end, 1000)
    try:
        said = db.execute("pragma quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_INTERRUPT:
            raise
        return None
    finally:
        db.set_progress_handler(None, 0)
    return "" if said == "ok" else str(said)


def journal(db: Path, language: Language, mounts: str | None = None) -> Line:
    """Whether SQLite can write and share a file in the database's folder, tried with a file of our own."""
    folder = db.absolute().parent
    kind = file_system(folder, _mounts() if mounts is None else mounts)
    if kind in NETWORK:
        found = say(language, "network", folder=folder, kind=kind)
        return Line("journal", "warning", found, say(language, "local_disk"))
    try:
        mode = _tried(folder)
    except (OSError, sqlite3.Error) as error:
        found = say(language, "wal_fails", folder=folder, what=error)
        return Line("journal", "broken", found, say(language, "permit"))
    if mode != "wal":
        found = say(language, "wal_fails", folder=folder, what=mode)
        return Line("journal", "broken", found, say(language, "local_disk"))
    return Line("journal", "ok", say(language, "wal_works", folder=folder))


def _tried(folder: Path) -> str:
    """The journal mode SQLite comes to in a folder, with what one connection wrote read by another."""
    with tempfile.TemporaryDirectory(prefix=".gouji-doctor-", dir=folder) as scratch:
        path = Path(scratch) / "try.db"
        with closing(sqlite3.connect(path)) as writer, closing(sqlite3.connect(path)) as reader:
            (mode,) = writer.execute("pragma journal_mode = wal").fetchone()
            writer.execute("create table tried (one integer)")
            reader.execute("select one from tried")
        return str(mode)


def _mounts() -> str:
    return _MOUNTS.read_text(encoding="utf-8", errors="replace") if _MOUNTS.is_file() else ""


def file_system(folder: Path, mounts: str) -> str | None:
    """The kind of file system a folder is on, by the table of mounts; None where that does not say."""
    found: tuple[int, str | None] = (0, None)
    for line in mounts.splitlines():
        _, place, kind, *_ = line.split(" ")
        point = Path(place.replace("\\040", " "))
        if folder.is_relative_to(point) and len(point.parts) >= found[0]:
            found = (len(point.parts), kind)
    return found[1]


def _free(folder: Path) -> int:
    return shutil.disk_usage(folder).free


def disk(db: Path, language: Language, free_in: Callable[[Path], int] = _free) -> Line:
    """The space left where we write: beside the database, for temporary files, in the cache."""
    places = {"of_database": db.absolute().parent, "of_temp": Path(tempfile.gettempdir()), "of_cache": models_folder()}
    told, least = [], MARGIN
    for what, folder in places.items():
        there = next(parent for parent in (folder, *folder.parents) if parent.is_dir())
        free = free_in(there)
        least = min(least, free)
        told.append(say(language, "free", what=say(language, what), folder=there, free=size(free)))
    if least < MARGIN:
        return Line("disk", "broken", say(language, "between").join(told), say(language, "make_room"))
    return Line("disk", "ok", say(language, "between").join(told))


def libreoffice(language: Language) -> Line:
    """Whether old Word documents can be read."""
    found, what = shutil.which("soffice"), say(language, "for_doc")
    if found is None:
        return Line("libreoffice", "absent", say(language, "no_soffice", what=what), say(language, "get_soffice"))
    return Line("libreoffice", "ok", say(language, "present", what=what, found=found))


def weights(language: Language) -> Line:
    """Whether the weights of the local model are here."""
    folder = models_folder()
    have, path = fetched(QWEN, folder), folder / QWEN.file
    if have == QWEN.size:
        return Line("weights", "ok", say(language, "here", path=path, size=size(have)))
    word = "part_here" if have else "not_here"
    found = say(language, word, path=path, have=size(have), size=size(QWEN.size))
    return Line("weights", "absent", found, say(language, "fetch"))


def model(name: str | None, base_url: str | None, language: Language) -> tuple[Line, ModelSettings | None]:
    """What the model door is set to, without key and login; the settings where there are any."""
    if not name and not os.environ.get("GOUJI_MODEL"):
        return Line("model", "absent", say(language, "no_model"), say(language, "set_model")), None
    from agent.settings import settings

    try:
        found = settings(name, base_url)
    except UsageError as error:
        return Line("model", "broken", str(error)), None
    assert found is not None
    address = found.base_url or ("api.openai.com" if found.api_key else say(language, "this_machine"))
    if found.login is not None:
        address = say(language, "with_login", address=address)
    priced = found.input_price is not None and found.output_price is not None
    key, price = (say(language, "yes" if known else "no") for known in (found.api_key, priced))
    told = say(language, "is_model", name=found.name, address=address, key=key, price=price)
    return Line("model", "ok", told), found


def ask(settings: ModelSettings | None, language: Language) -> Line:
    """One small question to the model: the time it took, or why there is no answer."""
    import asyncio

    if settings is None:
        return Line("ask", "broken", say(language, "asked_none"), say(language, "set_model"))
    start = time.monotonic()
    try:
        answer = asyncio.run(_asked(settings))
    except UsageError as error:
        return Line("ask", "broken", str(error))
    except PermanentModelError as error:
        return Line("ask", "broken", say(language, "permanent", what=error), say(language, "set_right"))
    except ModelError as error:
        return Line("ask", "broken", say(language, "for_now", what=error), say(language, "try_later"))
    seconds, usage = time.monotonic() - start, answer.usage
    if answer.value is None:
        found = say(language, "no_answer", reason=answer.reason, detail=answer.detail)
        return Line("ask", "broken", found, say(language, "other_model"))
    took = {"seconds": seconds, "input": usage.input_tokens, "output": usage.output_tokens}
    return Line("ask", "ok", say(language, "answered", **took))


async def _asked(settings: ModelSettings) -> Answer:
    from pydantic import create_model

    from agent.model import Model, Question

    # Not among the prompts: their wording is part of a run's key, and this one reads no report.
    ready = create_model("Ready", ready=(bool, ...))
    question = Question("doctor", "Answer in JSON.", 'Answer {"ready": true}.', ready)
    once = Model(replace(settings, tries=1))
    try:
        return await once.ask(question)
    finally:
        await once.close()


def size(count: int) -> str:
    """A number of bytes in the largest unit it fills."""
    units: Iterator[tuple[int, str]] = iter(((10**9, "GB"), (10**6, "MB"), (10**3, "KB")))
    for unit, name in units:
        if count >= unit:
            return f"{count / unit:.1f} {name}"
    return f"{count} B"
