#!/usr/bin/python3
"""Has clang read every source file with our warnings on; its warnings are errors, too.

gcc builds what we ship, clang the fuzz targets, and each warns of what the other does not see. Takes the
commands of build/debug and only checks: nothing is built. The exit status is 1 when a file has a warning.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BUILD = ROOT / "build" / "debug"
# What takes a word behind it and says where output goes.
OUTPUT_WORDS = {"-o", "-MF", "-MQ"}
CHECK = ["clang", "-fsyntax-only", "-fno-color-diagnostics", "-Wno-unknown-warning-option"]


def check_command(command: str) -> list[str]:
    """The compiler's command, with clang for the compiler and nothing written."""
    words = iter(shlex.split(command))
    kept = []
    for word in words:
        if word in OUTPUT_WORDS:
            next(words)
        elif word.startswith(("-", "../")) and word not in ("-c", "-MD"):
            kept.append(word)
    return CHECK + kept


def check(entry: dict[str, str]) -> str:
    """What clang has to say about one file."""
    done = subprocess.run(check_command(entry["command"]), cwd=entry["directory"], capture_output=True, text=True)
    return "" if done.returncode == 0 else done.stderr or f"{entry['file']}: clang failed\n"


def main() -> int:
    entries = json.loads((BUILD / "compile_commands.json").read_text())
    # A file that several programs share is read once.
    files = {entry["file"]: entry for entry in entries if entry["file"].endswith(".c")}
    with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        findings = [text for text in pool.map(check, files.values()) if text]
    sys.stdout.write("".join(findings))
    print(f"clang read {len(files)} files, {len(findings)} with warnings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
