"""The address book as its owner uses it: imports of every shape, undo, suppression, erasing; with a server or none."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from server import Server, program, run

LAWFUL = ("--source", "a fair", "--basis", "consent")
# Memory that an import may take, whatever the file's size, with the sanitizers' share: the file has more.
MEMORY_KIB_MAX = 200 * 1024
NOTE_BYTES = 2500


@pytest.fixture
def books() -> Iterator[Callable[[], Server]]:
    """Makes data folders without a server, where the store's own user can get to."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)

        def make() -> Server:
            place = Path(tempfile.mkdtemp(dir=folder))
            place.chmod(0o755)
            server = Server(place)
            server.prepare()
            return server

        yield make


@pytest.fixture
def book(books: Callable[[], Server]) -> Server:
    return books()


def call(server: Server, *arguments: str, expect: int = 0) -> subprocess.CompletedProcess[str]:
    done = run(*arguments, "--data", server.data)
    assert done.returncode == expect, done.stdout + done.stderr
    return done


def write(server: Server, text: str | bytes, name: str = "list.csv") -> str:
    path = server.data.parent / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return str(path)


def rows_of(server: Server, path: str, *options: str, expect: int = 0) -> list[dict[str, Any]]:
    """The JSON lines of an import; the summary is the last."""
    done = call(server, "contact", "import", path, *LAWFUL, "--json", *options, expect=expect)
    return [json.loads(line) for line in done.stdout.splitlines()]


def import_text(server: Server, text: str | bytes, *options: str, expect: int = 0) -> dict[str, Any]:
    return rows_of(server, write(server, text), *options, expect=expect)[-1]


def contacts(server: Server, *words: str) -> dict[str, dict[str, Any]]:
    listed = json.loads(call(server, "contact", "list", *words, "--json").stdout)
    return {contact["address"]: contact for contact in listed["contacts"]}


# ---- what files look like ----

TABLE = [["E-Mail", "Vorname", "Firma"], ["zoë@example.org", "Zoë", 'Müller; Söhne "GmbH", Köln'],
         ["bob@example.org", "Bob", ""]]


def as_csv(separator: str, line_end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=separator, lineterminator=line_end).writerows(TABLE)
    return text.getvalue()


SHAPES: dict[str, bytes] = {
    "comma, UTF-8": as_csv(",").encode(),
    "semicolon, UTF-8 with a mark": as_csv(";").encode("utf-8-sig"),
    "tab, UTF-16 with a mark": as_csv("\t").encode("utf-16"),
    "bar, UTF-16 LE": as_csv("|").encode("utf-16-le"),
    "semicolon, windows-1252": as_csv(";").encode("windows-1252"),
    "comma, LF": as_csv(",", "\n").encode(),
    "comma, CR": as_csv(",", "\r").encode(),
    "sep= in front": ("sep=;\r\n" + as_csv(";")).encode("windows-1252"),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_separators_and_encodings_are_found_out(book: Server, shape: str) -> None:
    summary = import_text(book, SHAPES[shape])
    assert (summary["added"], summary["refused"]) == (2, 0)
    assert contacts(book)["zoë@example.org"]["fields"] == {"first_name": "Zoë", "company": TABLE[1][2]}


def test_an_encoding_can_be_said(book: Server) -> None:
    text = "email,imię\nzofia@example.org,Żaneta\n".encode("iso-8859-2")
    assert import_text(book, text, "--encoding", "iso-8859-2")["added"] == 1
    assert contacts(book)["zofia@example.org"]["fields"] == {"first_name": "Żaneta"}
    done = call(book, "contact", "import", write(book, text), *LAWFUL, "--encoding", "klingon", expect=1)
    assert "no such encoding" in done.stderr


HEADERS = {
    "en": "Email Address,First Name,Last Name,Company,Country,Time Zone",
    "de": "E-Mail-Adresse,Vorname,Nachname,Firma,Land,Zeitzone",
    "fr": "Courriel,Prénom,Nom,Société,Pays,Fuseau horaire",
    "es": "Correo electrónico,Nombre,Apellidos,Empresa,País,Zona horaria",
    "pl": "Adres e-mail,Imię,Nazwisko,Nazwa firmy,Kraj,Strefa czasowa",
}


@pytest.mark.parametrize("language", HEADERS)
def test_usual_headers_need_no_map(book: Server, language: str) -> None:
    import_text(book, HEADERS[language] + "\nann@example.org,Ann,Lee,ACME,Deutschland,Europe/Vienna\n")
    contact = contacts(book)["ann@example.org"]
    assert contact["fields"] == {"first_name": "Ann", "last_name": "Lee", "company": "ACME"}
    assert (contact["country"], contact["time_zone"]) == ("DE", "Europe/Vienna")
    assert not contact["time_zone_from_country"]


def test_columns_can_be_mapped_and_left_out(book: Server) -> None:
    text = "Kontakt,Anrede,Notiz,Größe\nann@example.org,Frau,\"two\nlines\",XL\n"
    import_text(book, text, "--map", "Kontakt=address", "--map", "2=salutation", "--map", "Notiz=-")
    assert contacts(book)["ann@example.org"]["fields"] == {"salutation": "Frau", "größe": "XL"}
    for maps, words in {("Kontakt=address", "Nix=x"): "no such column", ("Anrede=first_name",): "hold addresses",
                        ("Kontakt=address", "Anrede=X Y"): "small letters",
                        ("Kontakt=address", "Anrede=a", "Notiz=a"): "two columns become a"}.items():
        options = [word for text in maps for word in ("--map", text)]
        done = call(book, "contact", "import", write(book, text), *LAWFUL, *options, expect=1)
        assert words in done.stderr
    done = call(book, "contact", "import", write(book, "ann@example.org,Ann\n"), *LAWFUL, expect=1)
    assert "where the name of a column should be" in done.stderr


def test_a_country_gives_the_time_zone_and_it_is_said(book: Server) -> None:
    text = "email,country\nann@example.org,Polen\nbob@example.org,USA\ncy@example.org,Atlantis\n"
    summary = import_text(book, text)
    assert (summary["zones_from_country"], summary["zones_of_several"], summary["unknown_countries"]) == (2, 1, 1)
    found = contacts(book)
    assert found["ann@example.org"]["time_zone"] == "Europe/Warsaw"
    assert found["bob@example.org"]["time_zone"] == "America/New_York"
    assert found["bob@example.org"]["time_zone_from_country"]
    assert found["cy@example.org"]["fields"] == {"country": "Atlantis"}


# ---- what is refused, and how that is said ----


def test_rows_that_are_wrong_are_listed_and_the_others_come(book: Server) -> None:
    text = (b"email,first_name,tz\n"
            b"ann@example.org,Ann,\n"
            b"nobody,Bob,\n"
            b"cy@example.org,\"Cy\nBcc: all@example.org\",\n"
            b"dora@example.org,Do\0ra,\n"
            b"emil@example.org,Em\xffil,\n"
            b"fay@example.org,Fay,Europe/Atlantis\n"
            b"gus@example.org,Gus,,,too many\n"
            b"ann@EXAMPLE.org,Anna,\n"
            b"hans@example.org,H\xc3\xa4ns,\n")
    errors = book.data.parent / "errors.csv"
    lines = rows_of(book, write(book, text), "--map", "tz=time_zone", "--errors", str(errors), "--encoding", "utf-8",
                    expect=1)
    assert [(row["line"], row["column"]) for row in lines if row["row"] == "refused"] == [
        (3, "email"), (4, "first_name"), (6, "first_name"), (7, "first_name"), (8, "tz"), (9, "")]
    assert [row["line"] for row in lines if row["row"] == "duplicate"] == [10]
    assert (lines[-1]["added"], lines[-1]["refused"], lines[-1]["duplicates"]) == (2, 6, 1)
    assert set(contacts(book)) == {"ann@example.org", "hans@example.org"}
    with errors.open(newline="") as file:
        listed = list(csv.DictReader(file))
    assert [row["line"] for row in listed] == ["3", "4", "6", "7", "8", "9", "10"]
    assert all(row["reason"] for row in listed)
    # A file of before is not written over.
    assert "there already" in call(book, "contact", "import", write(book, text), *LAWFUL, "--errors", str(errors),
                                   expect=1).stderr


def test_source_and_basis_are_asked_for_with_the_reason(book: Server) -> None:
    path = write(book, "email\nann@example.org\n")
    done = call(book, "contact", "import", path, "--basis", "consent", expect=2)
    assert "--source is missing" in done.stderr and "the law" in done.stderr
    done = call(book, "contact", "import", path, "--source", "x", expect=2)
    assert "--basis is missing" in done.stderr and "by which right" in done.stderr
    done = call(book, "contact", "import", path, "--source", "x", "--basis", "because", expect=2)
    assert "not 'because'" in done.stderr


def test_one_endless_line_is_a_row_error(book: Server) -> None:
    path = Path(write(book, "email,x\n"))
    with path.open("ab") as file:
        for _ in range(64):
            file.write(b"a" * (1 << 20))
    summary = rows_of(book, str(path), expect=1)[-1]
    assert (summary["refused"], summary["added"]) == (1, 0)


# ---- again, and back ----


def test_a_dry_run_shows_the_difference_and_changes_nothing(book: Server) -> None:
    import_text(book, "email,first_name,company\nann@example.org,Ann,ACME\nbob@example.org,Bob,\n")
    call(book, "suppression", "add", "cy@example.org", "--reason", "unsubscribed")
    path = write(book, "email,company,first_name\nann@example.org,Foo,\nbob@example.org,,Bob\ncy@example.org,,\n"
                       "dora@example.org,,\nwrong,,\n")
    lines = rows_of(book, path, "--dry-run", expect=1)
    by_row = {row["address"]: row for row in lines if "address" in row}
    assert {address: row["row"] for address, row in by_row.items()} == {
        "ann@example.org": "changed", "bob@example.org": "same", "cy@example.org": "suppressed",
        "dora@example.org": "added"}
    assert by_row["ann@example.org"]["changes"] == [{"field": "company", "before": "ACME", "after": "Foo"}]
    assert by_row["cy@example.org"]["reason"] == "unsubscribed"
    assert lines[-1]["refused"] == 1
    assert set(contacts(book)) == {"ann@example.org", "bob@example.org"}
    assert contacts(book)["ann@example.org"]["fields"]["company"] == "ACME"
    words = call(book, "contact", "import", path, *LAWFUL, "--dry-run", expect=1)
    assert 'line 2: ann@example.org  company: "ACME" -> "Foo"' in words.stdout
    assert 'line 6, column "email", "wrong"' in words.stderr


def test_the_same_file_again_changes_nothing(book: Server) -> None:
    text = "email,x\n" + "".join(f"user{i}@example.org,{i}\n" for i in range(3000))
    assert import_text(book, text)["added"] == 3000
    summary = import_text(book, text)
    assert (summary["added"], summary["changed"], summary["same"]) == (0, 0, 3000)


def test_an_import_is_undone(book: Server) -> None:
    import_text(book, "email,x\nann@example.org,1\n")
    second = import_text(book, "email,x\nann@example.org,2\nbob@example.org,2\n")["import"]
    done = call(book, "contact", "undo", str(second))
    assert "1 removed, 1 as before" in done.stdout
    assert {address: contact["fields"] for address, contact in contacts(book).items()} == {
        "ann@example.org": {"x": "1"}}
    assert "undone already" in call(book, "contact", "undo", str(second), expect=1).stderr
    listed = json.loads(call(book, "contact", "imports", "--json").stdout)["imports"]
    assert [(row["source"], row["basis"], row["undone_ms"] > 0) for row in listed] == [
        ("a fair", "consent", True), ("a fair", "consent", False)]


def test_an_import_that_was_killed_goes_on(fresh: Server) -> None:
    fresh.start()
    count = 60000
    path = write(fresh, "email,x\n" + "".join(f"user{i}@c{i % 700}.example,{i}\n" for i in range(count)))
    command = [str(program()), "contact", "import", path, *LAWFUL, "--data", str(fresh.data)]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None and not imported(fresh):
        time.sleep(0.05)
    # Where it was quicker than the kill the second one is an import of its own that finds nothing new.
    process.kill()
    process.wait()
    call(fresh, "contact", "import", path, *LAWFUL)
    listed = imports(fresh)
    newer = [(0, False)] if len(listed) == 2 else []
    assert [(row["added"], row["broken_off"]) for row in listed] == [*newer, (count, False)]
    call(fresh, "contact", "undo", str(listed[-1]["id"]))
    assert contacts(fresh) == {}


def imports(server: Server) -> list[dict[str, Any]]:
    """The newest first."""
    return list(json.loads(call(server, "contact", "imports", "--json").stdout)["imports"])


def imported(server: Server) -> int:
    """So many contacts did the newest import bring."""
    listed = imports(server)
    return int(listed[0]["added"]) if listed else 0


# ---- people who must not be written to ----


def test_suppression_keeps_people_out_of_imports(book: Server) -> None:
    for whom in ("ann@example.org", "b.example", "info@*"):
        call(book, "suppression", "add", whom, "--note", "asked on the phone")
    text = "email\nAnn@example.org\nx@b.example\nx@sub.b.example\ninfo@c.example\nok@c.example\n"
    lines = rows_of(book, write(book, text))
    kinds = sorted(row["kind"] for row in lines if row["row"] == "suppressed")
    assert kinds == ["address", "domain", "domain", "pattern"]
    assert set(contacts(book)) == {"ok@c.example"}
    check = json.loads(call(book, "suppression", "check", "x@sub.b.example", "--json").stdout)
    assert check["suppressed"] and check["by"]["kind"] == "domain"
    assert not json.loads(call(book, "suppression", "check", "ok@c.example", "--json").stdout)["suppressed"]
    call(book, "suppression", "remove", "info@*")
    assert import_text(book, text)["added"] == 1


def test_a_wish_is_removed_only_with_force(book: Server) -> None:
    call(book, "suppression", "add", "ann@example.org", "--reason", "unsubscribed")
    done = call(book, "suppression", "remove", "ann@example.org", expect=1)
    assert "wished so" in done.stderr
    call(book, "suppression", "remove", "ann@example.org", "--force")
    assert "no address, no domain and no pattern" in call(book, "suppression", "add", "*", expect=1).stderr


def test_suppression_moves_to_another_system_and_back(book: Server, books: Callable[[], Server]) -> None:
    path = write(book, "whom,reason,note\nann@example.org,unsubscribed,=cmd()\n@b.example\ninfo@*,complaint\n"
                       "nonsense\n")
    done = call(book, "suppression", "import", path, expect=1)
    assert "line 5" in done.stderr and "3 new, 1 refused" in done.stdout
    call(book, "contact", "erase", "zoe@example.org")
    exported = call(book, "suppression", "export").stdout
    assert "'=cmd()" in exported and "zoe" not in exported
    other = books()
    call(other, "suppression", "import", write(other, exported))
    listed = json.loads(call(other, "suppression", "list", "--json").stdout)["suppressions"]
    assert {(row["value"], row["reason"]) for row in listed if row["kind"] != "erased address"} == {
        ("ann@example.org", "unsubscribed"), ("b.example", "imported"), ("info@*", "complaint")}
    assert [row["note"] for row in listed if row["value"] == "ann@example.org"] == ["=cmd()"]


def test_who_is_erased_leaves_nothing_but_is_kept_out(book: Server) -> None:
    import_text(book, "email,x\nann@example.org,secret\nbob@example.org,1\n")
    import_text(book, "email,x\nann@example.org,another\n")
    known = json.loads(call(book, "contact", "export", "ann@example.org").stdout)
    assert known["contact"]["fields"] == {"x": "another"}
    assert [row["source"] for row in known["imports"]] == ["a fair", "a fair"]
    assert known["changes"][0]["before"]["fields"] == {"x": "secret"}
    call(book, "contact", "erase", "Ann@example.org")
    assert set(contacts(book)) == {"bob@example.org"}
    known = json.loads(call(book, "contact", "export", "ann@example.org").stdout)
    assert known["contact"] is None and known["suppression"]["reason"] == "erased"
    lines = rows_of(book, write(book, "email\nann@example.org\n"))
    assert [(row["row"], row["reason"]) for row in lines[:-1]] == [("suppressed", "erased")]
    assert "must not be written to" in call(book, "contact", "set", "ann@example.org", "x=1", expect=1).stderr
    assert "nothing is known" in call(book, "contact", "export", "zoe@example.org", expect=1).stderr


# ---- by hand, and out again ----


def test_contacts_are_set_shown_and_removed(book: Server) -> None:
    call(book, "contact", "set", "Ann@example.org", "first_name=Ann", "country=Germany", "time_zone=Europe/Vienna")
    shown = json.loads(call(book, "contact", "show", "ann@example.org", "--json").stdout)["contact"]
    assert (shown["fields"], shown["country"], shown["time_zone"]) == ({"first_name": "Ann"}, "DE", "Europe/Vienna")
    call(book, "contact", "set", "ann@example.org", "first_name=", "company=ACME")
    assert contacts(book)["ann@example.org"]["fields"] == {"company": "ACME"}
    for word, words in {"first name=x": "no name of a field", "time_zone=Mars": "no time zone", "x=a\nb": "line break",
                        "country=Atlantis": "no country"}.items():
        assert words in call(book, "contact", "set", "ann@example.org", word, expect=1).stderr
    call(book, "contact", "remove", "ann@example.org")
    assert "not in the book" in call(book, "contact", "show", "ann@example.org", expect=1).stderr


def test_the_book_comes_out_as_it_went_in(book: Server, books: Callable[[], Server]) -> None:
    text = 'email,first_name,phone,note\nann@example.org,Ann,+49 30 1,"a, ""b"""\nbob@example.org,=1+1,,@x\n'
    import_text(book, text)
    exported = call(book, "contact", "export").stdout
    assert "\"'+49 30 1\"" in exported and "\"'=1+1\"" in exported
    other = books()
    import_text(other, exported)
    assert {address: contact["fields"] for address, contact in contacts(other).items()} == {
        address: contact["fields"] for address, contact in contacts(book).items()}


def test_lists_go_on_and_are_filtered(book: Server) -> None:
    import_text(book, "email\n" + "".join(f"user{i:04}@c{i % 2}.example\n" for i in range(1500)))
    first = json.loads(call(book, "contact", "list", "--json").stdout)
    assert len(first["contacts"]) == 1000 and first["more"]
    rest = json.loads(call(book, "contact", "list", f"after={first['contacts'][-1]['address']}", "--json").stdout)
    assert len(rest["contacts"]) == 500 and not rest["more"]
    assert len(contacts(book, "domain=c1.example")) == 750


# ---- beside a server, and in bounds ----


@pytest.mark.modes("roles", "single")
def test_a_running_server_takes_contacts(server: Server) -> None:
    summary = import_text(server, "email,x\n" + "".join(f"live{i}@example.org,{i}\n" for i in range(2500)))
    assert summary["added"] == 2500
    call(server, "contact", "erase", "live1@example.org")
    call(server, "contact", "undo", str(summary["import"]))
    assert contacts(server, "domain=example.org") == {}


def peak_kib(command: list[str]) -> int:
    """The most memory that a process, or one of its children, ever had."""
    # What was freed is kept for a while under the address sanitizer: little of it.
    options = os.environ.get("ASAN_OPTIONS", "") + ":quarantine_size_mb=4"
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                               env={**os.environ, "ASAN_OPTIONS": options.lstrip(":")})
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0
    return int(usage.ru_maxrss)


def test_memory_does_not_grow_with_the_file(book: Server) -> None:
    path = Path(write(book, "email,name,note\n"))
    # Written piece by piece: what this process has in memory would count as the other's.
    with path.open("a") as file:
        for i in range(100_000):
            file.write(f"user{i}@c{i % 5000}.example,Name {i},{'x' * NOTE_BYTES}\n")
    command = [str(program()), "contact", "import", str(path), *LAWFUL, "--data", str(book.data)]
    assert peak_kib(command) < MEMORY_KIB_MAX
    assert imported(book) == 100_000
