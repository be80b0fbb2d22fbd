"""The command line: bad input is one line, and what was played is data."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from pytest_claude_sessions.fidelity import command
from pytest_claude_sessions.fidelity.difference import Difference
from pytest_claude_sessions.fidelity.install import Installed, NotInstalled
from pytest_claude_sessions.fidelity.known import read_known
from pytest_claude_sessions.fidelity.page import render
from pytest_claude_sessions.fidelity.play import Played
from pytest_claude_sessions.fidelity.results import BadResults, read_results, record, row

from .conftest import RESULTS

PAGE = RESULTS.parent.parent.parent / "docs" / "cli-behaviour.md"
SEEN = {"start": {"exit": 0, "kinds": ["system/init", "result/success"], "sent": [1], "frames": []}}


@pytest.fixture
def nothing_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(release: str, cache: Path | None) -> Installed:
        raise NotInstalled(f"npm has no {release}")

    monkeypatch.setattr(command, "find_release", refuse)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["9.9.9"], "fidelity: npm has no 9.9.9"),
        (["sdk", "--scenario", "frehs"], "fidelity: no scenario is called 'frehs'; did you mean 'fresh'?"),
        ([], "fidelity: which release?"),
    ],
)
def test_bad_input_is_one_line(
    words: list[str], told: str, nothing_is_installed: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(told)
    assert err.count("\n") == 1


def test_the_row_is_printed_and_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "results.json"
    monkeypatch.setattr(command, "find_release", lambda release, cache: Installed(["claude"], "2.1.331", "npm"))
    monkeypatch.setattr(command, "play_all", lambda *given: [Played("fresh", "same", SEEN, SEEN)])
    assert command.main(["2.1.331", "--scenario", "fresh", "--json", "--record", str(path)]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed == read_results(path)["2.1.331"]
    assert printed["scenarios"]["fresh"]["real"] == {"start": "exit 0 · system/init result/success · sent 1"}


def test_an_unexplained_difference_is_status_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    different = Played("fresh", "different", SEEN, SEEN, (Difference("start/exit", 0, 1),))
    monkeypatch.setattr(command, "find_release", lambda release, cache: Installed(["claude"], "2.1.331", "npm"))
    monkeypatch.setattr(command, "play_all", lambda *given: [different])
    assert command.main(["2.1.331"]) == 1
    assert capsys.readouterr().out == "2.1.331: 1 scenarios, 1 different\n"


def test_scenarios_that_were_not_played_again_stay_recorded(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    record(path, row("2.1.50", "npm", [Played("fresh", "same"), Played("resume", "different")]))
    record(path, row("1.0.0", "npm", [Played("fresh", "same")]))
    record(path, row("2.1.50", "npm", [Played("resume", "same")]))
    rows = read_results(path)
    assert list(rows) == ["1.0.0", "2.1.50"]
    assert {name: one["outcome"] for name, one in rows["2.1.50"]["scenarios"].items()} == {
        "fresh": "same",
        "resume": "same",
    }


def test_a_race_that_was_met_once_stays_told(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    race = read_known([{"name": "race", "scenarios": ["*"], "places": ["*"], "reason": "it is one", "sometimes": True}])
    record(path, row("2.1.50", "npm", [Played("fresh", "known", known=race)]))
    record(path, row("2.1.50", "npm", [Played("fresh", "same")]))
    assert list(read_results(path)["2.1.50"]["met"]) == ["race"]


def test_a_file_that_holds_no_results_is_not_written_over(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    path.write_text("[]")
    with pytest.raises(BadResults, match="move it away"):
        record(path, row("2.1.50", "npm", []))
    assert path.read_text() == "[]"


def test_scenarios_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["--list"]) == 0
    assert "resume_unknown: --resume of an id that has no transcript\n" in capsys.readouterr().out


def test_the_page_says_what_the_data_say() -> None:
    """`python -m pytest_claude_sessions.fidelity --page` makes it anew."""
    assert PAGE.read_text(encoding="utf-8") == render(read_results(RESULTS))


def test_every_contents_line_of_the_page_leads_to_a_heading() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = [line.lstrip("# ") for line in text.splitlines() if line.startswith("##")]
    linked = [line.split("](")[0].split("[", 1)[1] for line in text.splitlines() if line.lstrip().startswith("* [")]
    assert linked == headings[: len(linked)]
    assert len(set(linked)) == len(linked)
