"""The check with clang: what it makes of the compiler's command, and that it finds a warning."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "scripts"))

import clang_check  # noqa: E402

COMMAND = "ccache cc -Isrc -Wall -Wextra -Werror '-DWORDS=\"a b\"' -MD -MQ x.o -MF x.o.d -o x.o -c ../../{name}"


def check(folder: Path, text: str) -> str:
    build = folder / "build" / "debug"
    build.mkdir(parents=True)
    (folder / "x.c").write_text(text)
    return clang_check.check({"command": COMMAND.format(name="x.c"), "directory": str(build), "file": "../../x.c"})


def test_nothing_is_written() -> None:
    words = clang_check.check_command(COMMAND.format(name="x.c"))
    assert words[0] == "clang" and "../../x.c" in words and '-DWORDS="a b"' in words
    assert not any(word.endswith((".o", ".d")) for word in words)


def test_a_clean_file_gives_no_words(tmp_path: Path) -> None:
    assert check(tmp_path, "int main(void) { return 0; }\n") == ""


def test_a_warning_is_told(tmp_path: Path) -> None:
    assert "-Wself-assign" in check(tmp_path, "int main(void) { int x = 1; x = x; return x; }\n")
