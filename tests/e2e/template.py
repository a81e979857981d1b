"""Data folders as `init` makes them, each made once and copied: nearly all that init takes is making keys.

Servers of one domain then have the same keys and secrets; names, ports and all they store later are their own. What
must have run init itself calls Server.init(). POSTHASTE_TEST_TEMPLATES names a folder that several runs of pytest share
(scripts/test.py); without it they last as long as the process.
"""

from __future__ import annotations

import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path


@functools.cache
def own_folder() -> tempfile.TemporaryDirectory[str]:
    """Removed when the process ends."""
    return tempfile.TemporaryDirectory(prefix="posthaste-templates-")


def folder_of_all() -> Path:
    return Path(os.environ.get("POSTHASTE_TEST_TEMPLATES") or own_folder().name)


def template(key: str, make: Callable[[Path], object]) -> Path:
    """The folder that `make` fills for this key, made when it is first asked for."""
    place = folder_of_all() / hashlib.sha256(key.encode()).hexdigest()
    if not place.exists():
        made = Path(tempfile.mkdtemp(dir=place.parent))
        # The roles' users must get to what is in it.
        for folder in (place.parent, made):
            folder.chmod(0o755)
        make(made / "data")
        try:
            made.rename(place)
        except OSError:
            # Another worker was first.
            shutil.rmtree(made)
    return place / "data"


def copy(source: Path, data: Path, base_port: int) -> None:
    """With owners and modes; the base port is the only line that differs."""
    subprocess.run(["cp", "-aT", "--", str(source), str(data)], check=True)
    config = data / "posthaste.conf"
    text, count = re.subn(r"(?m)^base_port = .*", f"base_port = {base_port}", config.read_text())
    assert count == 1, text
    config.write_text(text)
