"""Opening the SQLite file of the store, for writing or for reading, and saying what is wrong with it."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from urllib.parse import quote

from agent.errors import NO_HANDLES, StoreError, UsageError

APPLICATION_ID = 0x676A6931  # "gji1": marks the file as ours, so that no other program's tables are touched

STEPS = (
    "lay_the_tables",
    "keep_decisions",
    "keep_a_ledger",
    "keep_an_outbox",
    "name_views",
    "find_origins",
)
"""The steps of ``agent.migrations`` by name: whether one is missing is known without importing what takes it."""

_CHECKED_ALWAYS = 16_384  # pages; they are looked through in less time than a command takes to start

_WAY_OUT = {
    sqlite3.SQLITE_NOTADB: "is no SQLite database; it was left as it is; name another file with --db",
    sqlite3.SQLITE_CORRUPT: "is damaged; what it holds was not overwritten. `gouji recover FILE NEW` takes out what "
    "can still be read; or name another file with --db",
    sqlite3.SQLITE_BUSY: "is held by another program; close that, or try again",
    sqlite3.SQLITE_LOCKED: "is held by another program; close that, or try again",
    sqlite3.SQLITE_FULL: "cannot grow: the disk is full; what was stored before is intact",
    sqlite3.SQLITE_IOERR: "cannot be read or written: the disk reports an error; what was stored before is intact",
    sqlite3.SQLITE_READONLY: "may not be written; change its permissions, or name another file with --db",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened; look at its folder and permissions, or name another file with --db",
}
_NO_HANDLE = "cannot be opened: too many open files; allow more (ulimit -n) and run again"
_HANDLES = 5  # that SQLite may want at once: the file, what it keeps beside it, the folder


@contextmanager
def told(path: Path) -> Iterator[None]:
    """Turn what SQLite says into a StoreError that names the file and the way out."""
    try:
        yield
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        way_out = _WAY_OUT.get(code, f"failed: {error}")
        if code == sqlite3.SQLITE_CANTOPEN and not _handles_left():
            way_out = _NO_HANDLE  # SQLite gives no reason of its own
        raise StoreError(f"{path} {way_out}") from error


def _handles_left() -> bool:
    """Whether this process may open as many files as a database takes."""
    opened: list[int] = []
    try:
        for _ in range(_HANDLES):
            opened.append(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno not in NO_HANDLES
    finally:
        for handle in opened:
            os.close(handle)
    return True


def open_for_writing(path: Path, *, wait: float, check: bool = False) -> sqlite3.Connection:
    """A connection to the store at ``path``, made or brought up to date where needed.

    ``wait``: seconds to wait for another writer; ``check``: look for damage also where the file is large.
    Raises StoreError; a file that is damaged or not ours stays untouched.
    """
    with told(path):
        _exists(path)
        db = sqlite3.connect(path.absolute(), timeout=wait, check_same_thread=False)
        try:
            _refuse_strangers(db, path)
            if check or _pages(db) < _CHECKED_ALWAYS:
                _refuse_damage(db)
            db.execute("pragma foreign_keys = on")
            _write_ahead(db, wait)
            db.execute("pragma synchronous = full")
            _migrate(db)
        except BaseException:
            db.close()
            raise
        return db


@contextmanager
def open_for_reading(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that cannot write. Raises UsageError where there is no file, StoreError where it is damaged."""
    if not _exists(path):
        raise UsageError(f"there is no database {path}; `gouji extract FILE` makes one, --db names another")
    with told(path), closing(sqlite3.connect(_address(path), uri=True)) as db:
        if not _refuse_strangers(db, path):
            raise UsageError(f"{path} is empty: nothing was read into it yet; `gouji extract FILE` reads a report")
        db.row_factory = sqlite3.Row
        yield db


def _exists(path: Path) -> bool:
    try:
        there = path.exists()
        if there and not path.is_file():  # SQLite would wait for a pipe without end
            raise StoreError(f"{path} is not a regular file; name another file with --db")
        return there
    except OSError as error:
        raise StoreError(f"{path} {_WAY_OUT[sqlite3.SQLITE_CANTOPEN]} ({error.strerror})") from error


def _pages(db: sqlite3.Connection) -> int:
    (pages,) = db.execute("pragma page_count").fetchone()
    return int(pages)


def _address(path: Path) -> str:
    address = f"file:{quote(str(path.absolute()))}?mode=ro"
    if hasattr(os, "statvfs") and os.statvfs(path).f_flag & os.ST_RDONLY and not _unfinished(path):
        # SQLite cannot put there what readers share with a writer, and there is no writer.
        address += "&immutable=1"
    return address


def _unfinished(path: Path) -> bool:
    # What a killed run wrote last: without it the database would show an older state.
    journal = path.with_name(f"{path.name}-wal")
    return journal.exists() and journal.stat().st_size > 0


def _refuse_damage(db: sqlite3.Connection) -> None:
    # A page that nobody has looked at yet may be damaged: what is written beside it would make things worse.
    (found,) = db.execute("pragma quick_check(1)").fetchone()
    if found != "ok":
        damaged = sqlite3.DatabaseError(found)
        damaged.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise damaged


def _refuse_strangers(db: sqlite3.Connection, path: Path) -> int:
    """How many tables there are; none in a file that is new."""
    tables: int = db.execute("select count(*) from sqlite_master").fetchone()[0]
    (ours,) = db.execute("pragma application_id").fetchone()
    if tables and ours != APPLICATION_ID:
        raise StoreError(f"{path} belongs to another program; it was left as it is; name another file with --db")
    return tables


def _write_ahead(db: sqlite3.Connection, wait: float) -> None:
    # SQLite does not wait for others here, whatever the timeout: of two that start at once, one is told "locked".
    deadline = time.monotonic() + wait
    while True:
        try:
            db.execute("pragma journal_mode = wal")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
        else:
            return


def steps_taken(db: sqlite3.Connection) -> tuple[str, ...]:
    """The steps that have brought a database to where it is, oldest first; none for an empty one."""
    if not db.execute("select 1 from sqlite_master where name = '_sqlite_migrations'").fetchone():
        return ()
    taken = db.execute("select name from _sqlite_migrations where migration_set = 'gouji' order by rowid")
    return tuple(row[0] for row in taken)


def _migrate(db: sqlite3.Connection) -> None:
    if set(STEPS) <= set(steps_taken(db)):
        return  # before the import: it takes longer than most commands, and pandas comes with it where installed
    from sqlite_utils import Database

    from agent.migrations import migrations

    tables = Database(db, execute_plugins=False)
    if not migrations.pending(tables):
        return
    # Immediate, and looked at again inside: of two processes that start at once, one waits and finds it done.
    db.execute("begin immediate")
    try:
        migrations.apply(tables)
        db.execute(f"pragma application_id = {APPLICATION_ID}")
        db.commit()
    except BaseException:
        db.rollback()
        raise
