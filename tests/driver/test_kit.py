"""The driver kit: what it writes is short, is commented, and passes the smoke step as it stands."""

from __future__ import annotations

import shlex
import shutil
import sys
from pathlib import Path

import pytest

from pytest_claude_sessions.driver.__main__ import main
from pytest_claude_sessions.driver.kit import FILES, DriverExists, write_driver

NEEDS = {"python": (), "node": ("node",), "bash": ("bash", "jq")}


@pytest.mark.parametrize("language", FILES)
def test_driver_passes_the_smoke_step_as_it_stands(
    language: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for program in NEEDS[language]:
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    directory = tmp_path / "my drivers"
    assert main([language, str(directory)]) == 0
    written = directory / FILES[language]
    told = capsys.readouterr().out
    interpreter = sys.executable if language == "python" else language
    command = shlex.join([interpreter, str(written)])
    assert f"check {shlex.quote(shlex.join([language, str(written)]))}" in told

    assert main(["check", command]) == 0, capsys.readouterr().err
    told = capsys.readouterr().out
    assert "initialize: my manager declares resume, store" in told
    assert "dispatch: DispatchResult(ok=True" in told
    assert told.count("shutdown: ended") == 2


@pytest.mark.parametrize("language", FILES)
def test_driver_is_short_and_commented(language: str, tmp_path: Path) -> None:
    lines = write_driver(language, tmp_path).path.read_text().splitlines()
    assert len(lines) < 80
    mark = "//" if language == "node" else "#"
    assert sum(mark in line for line in lines) >= 6


def test_nothing_is_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "driver.py").write_text("mine")
    with pytest.raises(DriverExists, match=r"driver\.py is there already and is not overwritten"):
        write_driver("python", tmp_path)
    assert main(["python", str(tmp_path)]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "driver.py").read_text() == "mine"


def test_check_tells_what_is_wrong_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "cat"]) == 1
    told = capsys.readouterr().err
    for word in ("`cat` failed the smoke step", "request:  initialize", "expected:", "seen:", "repeat:   python -m"):
        assert word in told
    assert main(["check", ""]) == 2
    with pytest.raises(SystemExit):
        main(["cobol", "."])
