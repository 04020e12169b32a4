"""From what a person names to the documents of a batch: files, folders, globs, a manifest with columns of their own."""

from __future__ import annotations

import csv
import glob
import io
import os
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from agent.document import MAX_BYTES, decode, fingerprint
from agent.errors import InputError, UsageError
from agent.ledger import Entry, Job
from agent.pipeline import Plan

ENDINGS = frozenset(
    ".txt .md .htm .html .mht .mhtml .doc .docx .rtf .xlsx .pdf .png .jpg .jpeg .tif .tiff".split()  # noqa: SIM905
)
"""What is taken out of a folder; a file named itself is read whatever its name."""

LINKS = "links to folders"
"""What stands in an ending's stead for folders that are links: they may lead back to where they are."""

_PATH_COLUMNS = ("path", "file", "文件", "路径")


@dataclass(frozen=True)
class Found:
    """The documents named, each once, in order. ``left_out``: files of folders that were passed over, by ending."""

    entries: list[Entry]
    left_out: Counter[str]


def find(paths: Iterable[str], manifest: Path | None = None) -> Found:
    """The documents named.

    Raises UsageError where a name fits none, InputError where there is no such file.
    """
    entries = list(_listed(manifest)) if manifest else []
    left_out: Counter[str] = Counter()
    for path in paths:
        entries += [Entry(os.path.abspath(name)) for name in _expanded(path, left_out)]  # noqa: PTH100 - symlinks stay
    if not entries:
        where = f"{manifest} has no rows" if manifest else "no document is named"
        raise UsageError(f"{where}: give files, folders, globs or --manifest FILE")
    named: dict[str, Entry] = {}
    for entry in entries:
        named.setdefault(entry.path, entry)
    return Found(list(named.values()), +left_out)


def _expanded(path: str, left_out: Counter[str]) -> Iterable[str]:
    if _exists(path) or not glob.has_magic(path):
        return _named(path, left_out)
    matching = [name for found in sorted(_globbed(path, left_out)) for name in _matching(found, left_out)]
    if not matching:
        raise UsageError(f"{path}: no file fits this pattern")
    return matching


def _globbed(pattern: str, left_out: Counter[str]) -> set[str]:
    """What fits a pattern; ``**`` stands for a folder and those below it, and follows no link: they lead in circles."""
    head, _, rest = pattern.partition(f"**{os.sep}")
    if not rest or (head and not head.endswith(os.sep)):
        return set(glob.glob(pattern))  # noqa: PTH207
    tops = glob.glob(head) if head else ["."]  # noqa: PTH207
    below = (root for top in tops for root, _, _ in _walked(top, left_out))
    return {found for root in below for found in glob.glob(os.path.join(glob.escape(root), rest))}  # noqa: PTH118, PTH207


def _matching(name: str, left_out: Counter[str]) -> Iterable[str]:
    return _inside(name, left_out) if Path(name).is_dir() else [name]


def _named(path: str, left_out: Counter[str]) -> Iterable[str]:
    if not _exists(path):
        raise InputError(f"{path}: no such file or folder")
    if not Path(path).is_dir():
        return [path]
    before = left_out.total()
    inside = sorted(_inside(path, left_out))
    if not inside:
        passed = left_out.total() - before
        told = f"; {passed} files with other endings" if passed else ""
        raise UsageError(f"{path}: no document in this folder ({', '.join(sorted(ENDINGS))}){told}")
    return inside


def _exists(path: str) -> bool:
    try:
        return Path(path).exists()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}") from error


def _inside(folder: str, left_out: Counter[str]) -> Iterator[str]:
    """Documents in a folder and those below it; hidden ones are left out, and folders that are links."""
    for root, _, names in _walked(folder, left_out):
        for name in names:
            if name.startswith("."):
                continue
            ending = os.path.splitext(name)[1].lower()  # noqa: PTH122
            if ending in ENDINGS:
                yield f"{root}{os.sep}{name}" if root != "." else name
            else:
                left_out[ending] += 1


def _walked(folder: str, left_out: Counter[str]) -> Iterator[tuple[str, list[str], list[str]]]:
    for root, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not name.startswith(".")]
        left_out[LINKS] += sum(os.path.islink(f"{root}{os.sep}{name}") for name in folders)  # noqa: PTH114
        yield root, folders, names


def _refuse(error: OSError) -> None:
    raise InputError(f"{error.filename}: {error.strerror}") from error


def _listed(manifest: Path) -> Iterator[Entry]:
    """The rows of a CSV file: one column is the path, from the manifest's own folder; the others are kept."""
    reader = _reader(manifest)
    try:
        column = _path_column(manifest, reader)
        listed: dict[str, tuple[int, Entry]] = {}
        for row in reader:
            entry = _entry(manifest, reader.line_num, column, row)
            line, before = listed.setdefault(entry.path, (reader.line_num, entry))
            if before.columns != entry.columns:
                also = f"{manifest}, line {reader.line_num}: the same file as line {line}, with other cells"
                raise UsageError(f"{also}; leave one of them out")
            yield entry
    except csv.Error as error:
        raise UsageError(f"{manifest}, line {reader.line_num}: {error}") from error


def _reader(manifest: Path) -> csv.DictReader[str]:
    """The rows; cells are parted by what parts the first line: commas, semicolons or tabs."""
    text = _text(manifest)
    head = text.partition("\n")[0]
    delimiter = max(",;\t", key=head.count)
    return csv.DictReader(io.StringIO(text, newline=""), strict=True, delimiter=delimiter)


def _path_column(manifest: Path, reader: csv.DictReader[str]) -> str:
    names = [name.strip() for name in reader.fieldnames or ()]
    reader.fieldnames = names
    column = next((name for name in names if name.lower() in _PATH_COLUMNS), None)
    if column is None:
        raise UsageError(
            f"{manifest}: no column is called {' or '.join(_PATH_COLUMNS)}; it has {', '.join(names) or 'none'}"
        )
    if len(set(names)) < len(names):
        raise UsageError(f"{manifest}: two columns have the same name: {', '.join(names)}")
    return column


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
        with manifest.open("rb") as file:
            data = file.read(MAX_BYTES + 1)  # a pipe does not tell its size before
        if len(data) > MAX_BYTES:
            raise UsageError(f"{manifest}: larger than {MAX_BYTES // 2**20} MiB; split it")
        return decode(data, str(manifest))[0]
    except OSError as error:
        raise UsageError(f"{manifest}: {error.strerror}") from error
    except InputError as error:
        raise UsageError(str(error)) from error


def job_of(entry: Entry, plan: Plan) -> Job:
    """The document under the key of its run; where the file cannot be read its path stands for its content."""
    sha256: str | None = None
    why: str | None = None
    try:
        sha256 = fingerprint(Path(entry.path))
    except InputError as error:
        why = str(error)
    key = plan.run_key(sha256 or f"path {entry.path}")
    return Job(key, entry, sha256, plan.form.name, plan.reader, plan.model.name if plan.model else None, why)
