"""From what a person names to the documents of a batch: files, folders, globs, a manifest with columns of their own."""

from __future__ import annotations

import csv
import glob
import hashlib
import io
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from agent.document import MAX_BYTES, decode
from agent.errors import InputError, UsageError
from agent.ledger import Entry, Job
from agent.pipeline import Plan

ENDINGS = frozenset(
    ".txt .md .htm .html .mht .mhtml .doc .docx .rtf .xlsx .pdf .png .jpg .jpeg .tif .tiff".split()  # noqa: SIM905
)
"""What is taken out of a folder; a file named itself is read whatever its name."""

_PATH_COLUMNS = ("path", "file", "文件", "路径")


def entries(paths: Iterable[str], manifest: Path | None = None) -> list[Entry]:
    """The documents named, each once, in order. Raises UsageError where a name fits none."""
    found = list(_listed(manifest)) if manifest else []
    for path in paths:
        found += [Entry(os.path.abspath(name)) for name in _expanded(path)]  # noqa: PTH100 - symlinks stay
    if not found:
        raise UsageError("no document is named: give files, folders, globs or --manifest FILE")
    named: dict[str, Entry] = {}
    for entry in found:
        named.setdefault(entry.path, entry)
    return list(named.values())


def _expanded(path: str) -> Iterable[str]:
    if Path(path).is_dir():
        inside = sorted(_inside(path))
        if not inside:
            raise UsageError(f"{path}: no document in this folder ({', '.join(sorted(ENDINGS))})")
        return inside
    if Path(path).exists() or not glob.has_magic(path):
        return [path]
    matching = sorted(name for name in glob.iglob(path, recursive=True) if Path(name).is_file())  # noqa: PTH207
    if not matching:
        raise UsageError(f"{path}: no file fits this pattern")
    return matching


def _inside(folder: str) -> Iterator[str]:
    """Documents in a folder and those below it; hidden ones are left out."""
    for root, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        for name in names:
            if not name.startswith(".") and os.path.splitext(name)[1].lower() in ENDINGS:  # noqa: PTH122
                yield f"{root}{os.sep}{name}" if root != "." else name


def _listed(manifest: Path) -> Iterator[Entry]:
    """The rows of a CSV file: one column is the path, from the manifest's own folder; the others are kept."""
    reader = csv.DictReader(io.StringIO(_text(manifest), newline=""), strict=True)
    try:
        names = [name.strip() for name in reader.fieldnames or ()]
        reader.fieldnames = names
        column = next((name for name in names if name.lower() in _PATH_COLUMNS), None)
        if column is None:
            raise UsageError(f"{manifest}: no column is called {' or '.join(_PATH_COLUMNS)}; it has {', '.join(names)}")
        if len(set(names)) < len(names):
            raise UsageError(f"{manifest}: two columns have the same name: {', '.join(names)}")
        for row in reader:
            yield _entry(manifest, reader.line_num, column, row)
    except csv.Error as error:
        raise UsageError(f"{manifest}, line {reader.line_num}: {error}") from error


def _entry(manifest: Path, line: int, column: str, row: dict[str, str]) -> Entry:
    if None in row or None in row.values():
        raise UsageError(f"{manifest}, line {line}: not as many cells as the first line has")
    path = row[column].strip()
    if not path:
        raise UsageError(f"{manifest}, line {line}: the column {column} is empty")
    columns = {name: cell for name, cell in row.items() if name != column}
    return Entry(os.path.abspath(manifest.parent / path), columns)  # noqa: PTH100 - symlinks stay


def _text(manifest: Path) -> str:
    try:
        if manifest.stat().st_size > MAX_BYTES:
            raise UsageError(f"{manifest}: larger than {MAX_BYTES // 2**20} MiB; split it")
        return decode(manifest.read_bytes(), str(manifest))[0]
    except OSError as error:
        raise UsageError(f"{manifest}: {error.strerror}") from error
    except InputError as error:
        raise UsageError(str(error)) from error


def job_of(entry: Entry, plan: Plan) -> Job:
    """The document under the key of its run; where the file cannot be read its path stands for its content."""
    sha256: str | None = None
    why: str | None = None
    try:
        sha256 = _hashed(Path(entry.path))
    except InputError as error:
        why = str(error)
    key = plan.run_key(sha256 or f"path {entry.path}")
    return Job(key, entry, sha256, plan.form.name, plan.reader, plan.model.name if plan.model else None, why)


def _hashed(path: Path) -> str:
    try:
        if not path.is_file():
            raise InputError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}")
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: {error}") from error
