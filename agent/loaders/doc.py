"""An old Word document (.doc) or RTF: turned into DOCX by LibreOffice, where it is installed, and read as that."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from agent.errors import InputError
from agent.loaders import docx
from agent.loaders.blocks import Line

# LibreOffice is told to fetch nothing: no linked picture, no template, and no way out but a closed port.
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="BlockUntrustedRefererLinks" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="MacroSecurityLevel" oor:op="fuse"><value>3</value></prop></item>
<item oor:path="/org.openoffice.Office.Common/Security/Scripting">
<prop oor:name="DisableMacrosExecution" oor:op="fuse"><value>true</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetProxyType" oor:op="fuse"><value>2</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetHTTPProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetHTTPProxyPort" oor:op="fuse"><value>9</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetHTTPSProxyName" oor:op="fuse"><value>127.0.0.1</value></prop></item>
<item oor:path="/org.openoffice.Inet/Settings">
<prop oor:name="ooInetHTTPSProxyPort" oor:op="fuse"><value>9</value></prop></item>
</oor:items>
"""
_PLACES = ("/Applications/LibreOffice.app/Contents/MacOS/soffice", r"C:\Program Files\LibreOffice\program\soffice.exe")
_MISSING = (
    "an old Word document (.doc or RTF) is read through LibreOffice, which is not installed:"
    " apt install libreoffice-writer-nogui (or libreoffice.org), or save it as .docx"
)


def read(data: bytes) -> Iterator[tuple[int, list[Line]]]:
    """The document's lines."""
    soffice = shutil.which("soffice") or next((place for place in _PLACES if Path(place).is_file()), None)
    if soffice is None:
        raise InputError(_MISSING)
    if _is_encrypted(data):
        raise InputError("is protected with a password; save it without one")
    yield from docx.read(_converted(data, soffice))


def _is_encrypted(data: bytes) -> bool:
    """Whether the Word stream, which begins with EC A5 on a sector's edge, has its encryption bit set."""
    starts = (at for at in range(512, len(data) - 12, 512) if data[at : at + 2] == b"\xec\xa5")
    return any(data[at + 11] & 1 for at in starts)


def _converted(data: bytes, soffice: str) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        user = folder / "profile" / "user"
        user.mkdir(parents=True)
        (user / "registrymodifications.xcu").write_text(_SETTINGS, "utf-8")
        source = folder / ("report.rtf" if data.lstrip().startswith(b"{\\rtf") else "report.doc")
        source.write_bytes(data)
        profile = f"-env:UserInstallation={(folder / 'profile').as_uri()}"
        command = [soffice, profile, "--headless", "--norestore", "--convert-to", "docx", "--outdir", name, str(source)]
        done = subprocess.run(command, stdout=sys.stderr, stderr=sys.stderr, check=False)  # noqa: S603 - no shell
        try:
            return (folder / "report.docx").read_bytes()
        except FileNotFoundError:
            raise InputError(f"the file is broken: LibreOffice could not open it (code {done.returncode})") from None
