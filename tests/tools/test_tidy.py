"""tidy finds what it is there to find, and leaves good code in peace."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "scripts"))
import tidy  # noqa: E402

GOOD = """/* A comment with strcpy( and TODO-like words. */
#include "base/slice.h"
struct point { int x; };
typedef int (*callback)(int);
extern int elsewhere;
static int prototype(int a);
static const int numbers[] = {1, 2};
static const char *const names[] = {"static int x;", "{"};
static const struct { int a; } rows[] = {{1}, {2}};
int f(int a) {
    static const char *const inner[] = {"x"};
    say("%.*s %.*s", SLICE_PRINT(buffer_slice(&out)), SLICE_PRINT(name));
    return client->connect(a) + slice_time(a);
}
"""


@pytest.fixture
def source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    """Makes a Source from a path and a text."""
    monkeypatch.setattr(tidy, "ROOT", tmp_path)

    def make(path: str, text: str) -> tidy.Source:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)
        return tidy.Source(tmp_path / path)

    return make


TEXT_RULES = [tidy.rule_layers, tidy.rule_pure, tidy.rule_banned, tidy.rule_printed, tidy.rule_globals,
              tidy.rule_manuals, tidy.rule_function_length, tidy.rule_unfinished]


@pytest.mark.parametrize("rule", TEXT_RULES)
def test_good_code_breaks_no_rule(source: object, rule: tidy.Rule) -> None:
    assert list(rule([source("src/wire/good.c", GOOD.replace("TODO-like ", ""))])) == []


@pytest.mark.parametrize("rule,path,line", [
    (tidy.rule_layers, "src/base/x.c", '#include "io/loop.h"'),
    (tidy.rule_layers, "src/smtp/x.c", '#include "imap/session.h"'),
    (tidy.rule_layers, "src/nowhere/x.c", ""),
    (tidy.rule_pure, "src/wire/x.c", "#include <unistd.h>"),
    (tidy.rule_pure, "src/analyse/x.c", '#include "io/loop.h"'),
    (tidy.rule_banned, "src/store/x.c", "void f(void) { strcpy(a, b); }"),
    (tidy.rule_banned, "src/store/x.c", "#define M fsync(1)"),
    (tidy.rule_banned, "src/web/x.c", "void f(void) { pthread_create(a); }"),
    (tidy.rule_printed, "src/io/x.c", 'void f(void) { say("%.*s", SLICE_PRINT(name_of(&out, mail))); }'),
    (tidy.rule_printed, "src/io/x.c", 'void f(void) { say("%.*s", SLICE_PRINT(slice_take(rest, 4))); }'),
    (tidy.rule_globals, "src/io/x.c", "int count;"),
    (tidy.rule_globals, "src/io/x.c", "static const char *names[] = {0};"),
    (tidy.rule_globals, "src/io/x.c", "static int (*hook)(int);"),
    (tidy.rule_globals, "src/io/x.c", "void f(void) { static int calls; }"),
    (tidy.rule_manuals, "src/io/x.h", "#pragma once"),
    (tidy.rule_unfinished, "src/io/x.c", "int a; // FIX" + "ME"),
    (tidy.rule_function_length, "src/io/x.c", "void f(void) {" + "\n" * 71 + "}"),
])
def test_each_fault_is_found(source: object, rule: tidy.Rule, path: str, line: str) -> None:
    assert list(rule([source(path, line + "\n")])), line


def test_what_io_is_for_it_may_do(source: object) -> None:
    text = "/* x */\nvoid f(void) { fsync(1); pthread_create(a); socket(1, 2, 3); }\n"
    assert list(tidy.rule_banned([source("src/io/x.c", text)])) == []


def test_sections_are_read_from_comments(source: object) -> None:
    found = source("src/wire/x.c", "/* RFC 5321 4.1.1.2, 4.5.3.1 and RFC 2177. */\n")
    assert [(rfc, section) for rfc, section, _ in tidy.citations(found)] == [
        ("5321", "4.1.1.2"), ("5321", "4.5.3.1"), ("2177", "")]
