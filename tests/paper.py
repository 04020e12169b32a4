"""What the slow suite prints and scans with; a test that needs it is skipped with the packages that bring it."""

from __future__ import annotations

import shutil
import subprocess
from functools import cache

import pytest

FONTS = {
    "Noto Serif CJK SC": "fonts-noto-cjk",
    "Noto Sans CJK SC": "fonts-noto-cjk",
    "WenQuanYi Zen Hei": "fonts-wqy-zenhei",
    "WenQuanYi Micro Hei": "fonts-wqy-microhei",
    "AR PL UKai CN": "fonts-arphic-ukai",
    "AR PL UMing CN": "fonts-arphic-uming",
}
"""By font, the Debian package that brings it."""


@cache
def missing() -> list[str]:
    """The Debian packages without which pages cannot be printed as the tests ask."""
    if shutil.which("fc-list") is None:
        return ["chromium", "fontconfig", *dict.fromkeys(FONTS.values())]
    found = subprocess.run(["fc-list", ":", "family"], capture_output=True, text=True, check=False).stdout
    lacking = [package for font, package in FONTS.items() if font not in found]
    return [*(["chromium"] if shutil.which("chromium") is None else []), *dict.fromkeys(lacking)]


needs_chromium = pytest.mark.skipif(bool(missing()), reason=f"prints pages: apt install {' '.join(missing())}")
needs_soffice = pytest.mark.skipif(
    shutil.which("soffice") is None, reason="needs LibreOffice: apt install libreoffice-writer-nogui"
)
