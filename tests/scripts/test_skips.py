"""The script that lets .ci/run fail on a skip nobody allowed."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / "scripts" / "skips"
TESTS = """
import pytest

@pytest.mark.parametrize("n", [1, 2])
def test_data(n):
    pytest.skip("no mirror")

@pytest.mark.xfail
def test_known():
    assert False

def test_fine():
    pass
"""


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """What pytest reports of two skips, an expected failure and a pass."""
    (tmp_path / "test_some.py").write_text(TESTS)
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-o", "junit_family=xunit1", "-q",
               f"--rootdir={tmp_path}", f"--junitxml={tmp_path}/report.xml", "test_some.py"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    return tmp_path / "report.xml"


@pytest.mark.parametrize(("allowed", "code", "last"), [
    ("# nothing\n", 1, "2 skipped, 2 of them not in"),
    ("test_some.py::test_data[1]\n", 1, "2 skipped, 1 of them not in"),
    ("test_some.py::test_data  # needs the mirror\n", 0, "2 skipped, 0 of them not in"),
    ("test_some.py::test_dat\n", 1, "2 skipped, 2 of them not in"),
])
def test_only_named_tests_may_be_skipped(report: Path, allowed: str, code: int, last: str) -> None:
    names = report.with_name("allowed")
    names.write_text(allowed)
    done = subprocess.run([sys.executable, SCRIPT, names, report], capture_output=True, text=True, check=False)
    assert done.returncode == code
    assert last in done.stdout.splitlines()[-1]
    assert "test_some.py::test_data[2]: no mirror" in done.stdout
    assert "test_known" not in done.stdout


def test_a_missing_report_is_no_success(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, SCRIPT, tmp_path / "none", tmp_path / "none.xml"], capture_output=True,
                          check=False)
    assert done.returncode == 2
