"""The total of `make test` counts every test once, and no failure can hide."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path

SCRIPT = Path(__file__).resolve().parent.parent.parent / "scripts" / "test.py"
spec = importlib.util.spec_from_file_location("make_test", SCRIPT)
make_test = importlib.util.module_from_spec(spec)
sys.modules["make_test"] = make_test
spec.loader.exec_module(make_test)

MIXED = """[==========] Running 3 test(s).
[ RUN      ] good
[       OK ] good
[ RUN      ] bad
[  ERROR   ] --- 1 != 2
[   LINE   ] --- x.c:1: error: Failure!
[  FAILED  ] bad
[ RUN      ] left_out
[  SKIPPED ] left_out
[==========] 3 test(s) run.
[  PASSED  ] 1 test(s).
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] bad

 1 FAILED TEST(S)
"""


def test_a_program_counts_with_each_of_its_tests() -> None:
    tally = make_test.count_cmocka("unit", "FAIL", MIXED)
    assert (tally.passed, tally.failures, tally.skipped) == (1, ["unit: bad"], ["unit: left_out"])


def test_a_crash_counts_as_a_failure() -> None:
    tally = make_test.count_cmocka("unit", "FAIL", "[ RUN      ] a\n[       OK ] a\n[ RUN      ] b\n")
    assert (tally.passed, tally.failed) == (1, 1)
    assert make_test.count_cmocka("unit", "TIMEOUT", "").failed == 1


def test_a_program_without_cmocka_counts_as_one() -> None:
    assert make_test.count_cmocka("fuzz_x", "OK", "12 corpus files\n").passed == 1


def test_pytest_reports_are_counted(tmp_path: Path) -> None:
    report = tmp_path / "report.xml"
    report.write_text("<testsuites><testsuite><testcase classname='m' name='a'/><testcase classname='m' name='b'>"
                      "<failure/></testcase><testcase classname='m' name='c'><error/></testcase>"
                      "<testcase classname='m' name='d'><skipped message='why'/></testcase></testsuite></testsuites>")
    tally = make_test.count_pytest(report)
    assert (tally.passed, tally.failures, tally.skipped) == (1, ["m: b", "m: c"], ["m: d (why)"])
