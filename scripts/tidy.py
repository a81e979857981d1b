#!/usr/bin/python3
"""Style as a test (`make tidy`): layers, banned calls, globals, lengths, manuals, layout.

Prints one line a rule, "ok RULE" or "BROKEN RULE: how many", each finding as file:line before it.
`scripts/tidy.py --rfc` lists which RFC sections are cited where, and in which tests.
The limits below only ever tighten.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

FILE_LINES_MAX = 800
FUNCTION_LINES_MAX = 70
FUNCTION_LINES_MEDIAN_MAX = 12
PYTHON_FUNCTION_LINES_MAX = 50
COLUMNS_MAX = 110
PYTHON_COLUMNS_MAX = 120
# A room may include itself and what stands in an earlier line; rooms of one line do not see each other.
LAYERS = (("base",), ("io",), ("ipc",), ("resolve",), ("wire",), ("analyse",), ("trust",), ("store",),
          ("login",), ("intake",), ("filter",), ("smtp", "imap", "imap_client", "pop3"), ("transit",), ("acme",),
          ("outreach", "newsletter", "hook"), ("web",), ("app",))
# The same for the folders of src/app; what stands in none of them may use them all.
APP_FOLDERS = (("settings",), ("admin",), ("api",), ("cli",), ("contact", "carry", "domain", "tool"),
               ("outreach",), ("role",), ("serve",), ("command",))
# Rooms that only compute: which rooms and which of the system's headers they may use.
PURE_ROOMS = {"wire": {"base", "wire"}, "analyse": {"base", "wire", "analyse"}}
PURE_HEADERS = re.compile(r"(assert|inttypes|limits|stdarg|stdbool|stddef|stdint|stdlib|string)\.h"
                          r"|unicode/\w+\.h|openssl/(evp|hmac|sha|md5|crypto|rsa|ec|x509|err|params|core_names)\.h"
                          # inet_pton and inet_ntop; names in DNS; JSON as text.
                          r"|arpa/inet\.h|idn2\.h|jansson\.h"
                          # What is packed; XML as text.
                          r"|zlib\.h|expat\.h")
# A call, and the folders under src/ where it may stand.
BANNED_CALLS: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("strcpy", "strcat", "strncpy", "strncat", "sprintf", "vsprintf", "strtok", "atoi", "atol",
                     "gets", "alloca", "rand", "srand", "random", "setjmp", "longjmp", "system", "popen",
                     "dlopen", "tmpnam", "mktemp", "signal"), ()),
    **dict.fromkeys(("time", "gettimeofday", "clock_gettime", "getrandom", "socket", "bind", "listen", "accept",
                     "accept4", "connect", "fsync", "fdatasync", "sleep", "usleep", "nanosleep"), ("io",)),
}
# These try from inside of a role's walls what the role must not do.
BANNED_EXCEPT = {"probe.c", "probe_actions.c"}
BANNED_PREFIXES: dict[str, tuple[str, ...]] = {"pthread_": ("io",)}
# Variables with static storage that may change: file -> names, each with its reason beside it.
MUTABLE_ALLOWED: dict[str, set[str]] = {}
# What SLICE_PRINT, which evaluates its argument twice, must not be given: a call that may change something.
PRINTED_TWICE = re.compile(r"\bSLICE_PRINT\((slice_take\w*(?=\()|(?!(?:buffer_slice|db_rows_bytes)\()\w+(?=\(&))")
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b")
RFC_CITATION = re.compile(r"RFC (\d{3,5})((?:[ ,]+(?:and )?[0-9A-Z](?:\.\d+)*[0-9.]*(?![\w-]))*)")

ROOT = Path(__file__).resolve().parent.parent
TOKEN = re.compile(r"""/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL)
DIRECTIVE = re.compile(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*", re.MULTILINE)
INCLUDE = re.compile(r'^\s*#\s*include\s+([<"])([^>"]+)[>"]')


@dataclass(frozen=True)
class Finding:
    """One place that breaks a rule."""

    path: Path
    line: int
    words: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: {self.words}"


@dataclass(frozen=True)
class Piece:
    """What stands outside all braces: a declaration, or a function with its body."""

    head: str
    first_line: int
    last_line: int
    braced: bool

    @property
    def is_function(self) -> bool:
        return self.braced and "=" not in self.head and self.head.rstrip().endswith(")") and "(" in self.head

    @property
    def lines(self) -> int:
        return self.last_line - self.first_line + 1

    @property
    def name(self) -> str:
        found = re.search(r"(\w+)\s*\(", self.head)
        return found.group(1) if found else self.head.strip()


def blank(text: str) -> str:
    """The same number of lines, nothing else."""
    return "\n" * text.count("\n") or " "


class Source:
    """A C file, read once; `code` is without comments, strings and directives, lines kept."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.text = path.read_text()
        self.lines = self.text.splitlines()
        parts = path.relative_to(ROOT).parts
        self.room = parts[1] if parts[0] == "src" and len(parts) > 2 else ""
        self.in_product = parts[0] == "src"

    @cached_property
    def code(self) -> str:
        return DIRECTIVE.sub(lambda m: blank(m.group()), TOKEN.sub(lambda m: blank(m.group()), self.text))

    @cached_property
    def code_with_macros(self) -> str:
        return TOKEN.sub(lambda m: blank(m.group()), self.text)

    @cached_property
    def pieces(self) -> list[Piece]:
        return list(split_pieces(self.code))

    @cached_property
    def functions(self) -> list[Piece]:
        return [piece for piece in self.pieces if piece.is_function]

    def find(self, pattern: re.Pattern[str], text: str) -> Iterator[tuple[int, re.Match[str]]]:
        """Each match with its line number."""
        for match in pattern.finditer(text):
            yield text.count("\n", 0, match.start()) + 1, match


def split_pieces(code: str) -> Iterator[Piece]:
    """Cuts code without comments at the semicolons and braces that stand outside all others."""
    start, depth, line, braced_head = 0, 0, 1, ""
    first_line = 1
    head_begun = False
    for at, char in enumerate(code):
        if char == "\n":
            line += 1
        if not head_begun and not char.isspace():
            start, first_line, head_begun = at, line, True
        if char == "{":
            if depth == 0:
                braced_head = code[start:at]
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0 and is_function_head(braced_head):
                yield Piece(braced_head, first_line, line, True)
                head_begun = False
        elif char == ";" and depth == 0:
            yield Piece(code[start:at], first_line, line, False)
            head_begun = False


def is_function_head(head: str) -> bool:
    return "=" not in head and head.rstrip().endswith(")")


def read_sources() -> list[Source]:
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.c", "*.h"],
                             cwd=ROOT, check=True, capture_output=True, text=True)
    return [Source(ROOT / name) for name in sorted(set(listing.stdout.split("\0"))) if name and (ROOT / name).exists()]


def includes(source: Source) -> Iterator[tuple[int, str, bool]]:
    """Line, path and whether it is a system header."""
    for number, line in enumerate(source.lines, 1):
        match = INCLUDE.match(line)
        if match:
            yield number, match.group(2), match.group(1) == "<"


def rule_layers(sources: list[Source]) -> Iterator[Finding]:
    """includes point down"""
    rank = {room: at for at, rooms in enumerate(LAYERS) for room in rooms}
    for source in sources:
        if not source.in_product or not source.room:
            continue
        if source.room not in rank:
            yield Finding(source.path, 1, f"src/{source.room} is no room of LAYERS")
            continue
        for line, path, system in includes(source):
            other = path.split("/")[0]
            if system or other == source.room:
                continue
            if other not in rank:
                yield Finding(source.path, line, f'"{path}" names no room; includes are written from src/')
            elif rank[other] >= rank[source.room]:
                yield Finding(source.path, line, f"src/{source.room} includes {path}, which is not below it")


def rule_folders(sources: list[Source]) -> Iterator[Finding]:
    """includes between the folders of src/app point down"""
    rank = {folder: at for at, folders in enumerate(APP_FOLDERS) for folder in folders}
    for source in sources:
        parts = source.path.relative_to(ROOT).parts
        if source.room != "app" or len(parts) < 4:
            continue
        own = parts[2]
        if own not in rank:
            yield Finding(source.path, 1, f"src/app/{own} is no folder of APP_FOLDERS")
            continue
        for line, path, _ in includes(source):
            names = path.split("/")
            if names[0] != "app" or names[1] == own:
                continue
            if len(names) < 3 or names[1] not in rank or rank[names[1]] >= rank[own]:
                yield Finding(source.path, line, f"src/app/{own} includes {path}, which is not below it")


def rule_pure(sources: list[Source]) -> Iterator[Finding]:
    """wire and analyse only compute"""
    for source in sources:
        if not source.in_product or source.room not in PURE_ROOMS:
            continue
        for line, path, system in includes(source):
            if system and not PURE_HEADERS.fullmatch(path):
                yield Finding(source.path, line, f"<{path}> is not for a pure room")
            if not system and path.split("/")[0] not in PURE_ROOMS[source.room]:
                yield Finding(source.path, line, f"{path} is not for a pure room")


def rule_banned(sources: list[Source]) -> Iterator[Finding]:
    """no banned call"""
    names = "|".join(BANNED_CALLS)
    prefixes = "|".join(BANNED_PREFIXES)
    pattern = re.compile(rf"(?<![\w.>])(?:({names})\s*\(|({prefixes})\w+)")
    for source in sources:
        if not source.in_product or source.path.name in BANNED_EXCEPT:
            continue
        for line, match in source.find(pattern, source.code_with_macros):
            allowed = BANNED_CALLS[match.group(1)] if match.group(1) else BANNED_PREFIXES[match.group(2)]
            if source.room not in allowed:
                yield Finding(source.path, line, f"{match.group().rstrip('( ')} is banned here")


def rule_printed(sources: list[Source]) -> Iterator[Finding]:
    """nothing is done twice for being printed"""
    for source in sources:
        for line, match in source.find(PRINTED_TWICE, source.code_with_macros):
            yield Finding(source.path, line, f"SLICE_PRINT calls {match.group(1)} twice")


def is_constant(declaration: str) -> bool:
    """Whether the declared object itself (not only what it points to) is const."""
    declarator = re.sub(r"\{.*\}|\{.*", "", declaration, flags=re.DOTALL).split("=")[0]
    if re.search(r"\(\s*\*\s*const\b", declarator):
        return True
    after_star = declarator.rsplit("*", 1)[-1]
    return re.search(r"\bconst\b", after_star) is not None


def is_variable(piece: Piece) -> bool:
    head = piece.head.strip()
    if not head or re.match(r"(typedef|extern|_Static_assert|static_assert)\b", head):
        return False
    declarator = head.split("=")[0].split("{")[0]
    if "(" in re.sub(r"__attribute__\s*\(\(.*?\)\)", "", declarator):
        # A pointer to a function is a variable, any other parenthesis makes a prototype.
        return re.match(r"[\w\s*]*\(\s*\*", declarator) is not None
    return not re.fullmatch(r"(struct|union|enum)(\s+\w+)?(\s*\{.*\})?", head, re.DOTALL)


def function_types(sources: list[Source]) -> set[str]:
    """The names of function types: what is declared with one is a prototype."""
    pattern = re.compile(r"\btypedef\s+[\w\s*]+?\b(\w+)\s*\(")
    return {match.group(1) for source in sources for _, match in source.find(pattern, source.code)}


def rule_globals(sources: list[Source]) -> Iterator[Finding]:
    """no variable with static storage that may change"""
    inner = re.compile(r"(?<=[\s{};])static\s[^;={(]*[;=\[{]")
    functions = function_types(sources)
    for source in sources:
        if not source.in_product:
            continue
        allowed = MUTABLE_ALLOWED.get(str(source.path.relative_to(ROOT)), set())
        found: dict[int, str] = {piece.first_line: piece.head.strip() for piece in source.pieces
                                 if not piece.braced and is_variable(piece) and not is_constant(piece.head)
                                 and piece.head.split()[0] not in functions}
        for line, match in source.find(inner, source.code):
            if not is_constant(match.group()):
                found.setdefault(line, match.group())
        for line, words in sorted(found.items()):
            name = (re.findall(r"\w+", re.sub(r"\[.*|=.*", "", words, flags=re.DOTALL)) or [""])[-1]
            if name not in allowed:
                yield Finding(source.path, line, f"{name} can change and outlives its function")


def rule_file_length(sources: list[Source]) -> Iterator[Finding]:
    """no file too long"""
    for source in sources:
        if len(source.lines) > FILE_LINES_MAX:
            yield Finding(source.path, len(source.lines), f"over {FILE_LINES_MAX} lines")


def rule_function_length(sources: list[Source]) -> Iterator[Finding]:
    """no function too long, most are short"""
    lengths = []
    for source in sources:
        for function in source.functions:
            if source.in_product:
                lengths.append(function.lines)
            # A test program's main is the list of its tests.
            is_list = not source.in_product and function.name == "main"
            if function.lines > FUNCTION_LINES_MAX and not is_list:
                yield Finding(source.path, function.first_line,
                              f"{function.name} has {function.lines} lines, {FUNCTION_LINES_MAX} is the most")
    median = statistics.median(lengths) if lengths else 0
    if median > FUNCTION_LINES_MEDIAN_MAX:
        words = f"the median function has {median} lines, {FUNCTION_LINES_MEDIAN_MAX} is the most"
        yield Finding(ROOT / "src", 0, words)


def rule_manuals(sources: list[Source]) -> Iterator[Finding]:
    """a manual at the head of each file"""
    for source in sources:
        has_header = source.path.suffix == ".c" and source.path.with_suffix(".h").exists()
        if not has_header and not source.text.startswith("/*"):
            yield Finding(source.path, 1, "starts without a comment that says what it is for")


def rule_unfinished(sources: list[Source]) -> Iterator[Finding]:
    """nothing marked as unfinished, no tabs, no long lines"""
    for source in sources:
        for number, line in enumerate(source.lines, 1):
            if UNFINISHED.search(line):
                yield Finding(source.path, number, "a mark of unfinished work")
            if "\t" in line:
                yield Finding(source.path, number, "a tab")
            if len(line) > COLUMNS_MAX:
                yield Finding(source.path, number, f"over {COLUMNS_MAX} columns")


def rule_layout(sources: list[Source]) -> Iterator[Finding]:
    """clang-format has nothing to say"""
    def check(names: list[str]) -> str:
        return subprocess.run(["clang-format", "--dry-run", "--ferror-limit=1", *names], cwd=ROOT,
                              capture_output=True, text=True).stderr

    paths = [str(source.path) for source in sources]
    workers = 2
    with ThreadPoolExecutor(workers) as pool:
        complaints = "".join(pool.map(check, [paths[at::workers] for at in range(workers) if paths[at::workers]]))
    place = re.compile(r"^(\S+?):(\d+):\d+: (?:warning|error): code should be clang", re.MULTILINE)
    for path, line in place.findall(complaints):
        yield Finding(Path(path), int(line), "make format would change it")


def python_files() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "*.py"], cwd=ROOT,
                             check=True, capture_output=True, text=True)
    return [ROOT / name for name in sorted(set(listing.stdout.split("\0"))) if name and (ROOT / name).exists()]


def python_function_faults(node: ast.FunctionDef) -> Iterator[str]:
    if node.end_lineno - node.lineno >= PYTHON_FUNCTION_LINES_MAX:
        yield f"is over {PYTHON_FUNCTION_LINES_MAX} lines"
    arguments = [argument for argument in node.args.args + node.args.kwonlyargs
                 if argument.arg not in ("self", "cls")]
    if node.returns is None or not all(argument.annotation for argument in arguments):
        yield "lacks type hints"


def rule_python(_sources: list[Source]) -> Iterator[Finding]:
    """Python too: short functions, type hints, a manual"""
    for path in python_files():
        text = path.read_text()
        tree = ast.parse(text)
        if not ast.get_docstring(tree):
            yield Finding(path, 1, "starts without a docstring that says what it is for")
        for number, line in enumerate(text.splitlines(), 1):
            if number > FILE_LINES_MAX or len(line) > PYTHON_COLUMNS_MAX:
                yield Finding(path, number, f"over {FILE_LINES_MAX} lines or {PYTHON_COLUMNS_MAX} columns")
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef):
                for words in python_function_faults(node):
                    yield Finding(path, node.lineno, f"{node.name} {words}")


Rule = Callable[[list[Source]], Iterator[Finding]]
RULES: tuple[Rule, ...] = (
    rule_layers, rule_folders, rule_pure, rule_banned, rule_printed,
    rule_globals, rule_file_length, rule_function_length, rule_manuals, rule_unfinished,
    rule_layout, rule_python)


def citations(source: Source) -> Iterator[tuple[str, str, int]]:
    """RFC, section ("" for the whole) and line of each citation in a comment."""
    for number, line in enumerate(source.lines, 1):
        for match in RFC_CITATION.finditer(line):
            sections = [word.rstrip(".") for word in re.split(r"[ ,]+(?:and )?", match.group(2)) if word]
            for section in sections or [""]:
                yield match.group(1), section, number


def print_rfc(sources: list[Source]) -> None:
    """One line a section: what cites it in the product and which tests do."""
    code: dict[tuple[str, str], set[str]] = defaultdict(set)
    tests: dict[tuple[str, str], set[str]] = defaultdict(set)
    for source in sources:
        name = str(source.path.relative_to(ROOT))
        for rfc, section, line in citations(source):
            (code if source.in_product else tests)[rfc, section].add(f"{name}:{line}" if source.in_product else name)

    def order(key: tuple[str, str]) -> tuple[int, list[tuple[int, str]]]:
        return int(key[0]), [(int(part), "") if part.isdigit() else (0, part) for part in key[1].split(".")]

    for key in sorted(code.keys() | tests.keys(), key=order):
        print(f"RFC {key[0]} {key[1] or '-':<10} {', '.join(sorted(code[key])) or '-'}"
              f" | {', '.join(sorted(tests[key])) or 'no test names it'}")


def main() -> int:
    sources = read_sources()
    if sys.argv[1:] == ["--rfc"]:
        print_rfc(sources)
        return 0
    broken = 0
    for rule in RULES:
        findings = list(rule(sources))
        for finding in findings:
            print(finding)
        broken += bool(findings)
        print(f"BROKEN {rule.__doc__}: {len(findings)}" if findings else f"ok {rule.__doc__}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
