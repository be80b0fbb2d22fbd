"""The engine, with two fakes of different releases in the places of fake and real."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude_sessions.fidelity.known import read_known
from pytest_claude_sessions.fidelity.play import Theatre
from pytest_claude_sessions.fidelity.scenario import CannotPlay, Scenario, UnknownScenario, chosen
from pytest_claude_sessions.fidelity.stage import Stage


def test_what_differs_is_told_with_its_place(two_fakes: Theatre) -> None:
    [scenario] = chosen(["resume_unknown"])
    played = two_fakes.play(scenario, known=())
    assert played.outcome == "different"
    assert not played.good
    told = str(played)
    assert "resume/stderr:" in told
    assert 'real: "No conversation found with session ID: <id 1>"' in told


def test_what_does_not_differ_is_the_same(two_fakes: Theatre) -> None:
    [scenario] = chosen(["version"])
    played = two_fakes.play(scenario, known=())
    assert (played.outcome, played.good, str(played)) == ("same", True, "version: same")
    assert played.real["start"]["stdout"] == ["<v> (Claude Code)"]


def test_a_known_difference_is_no_failure_and_a_stale_one_is(two_fakes: Theatre) -> None:
    entry = {"name": "all of it", "scenarios": ["*"], "places": ["*"], "reason": "two releases"}
    known = read_known([entry])
    unknown, bad = (chosen([name])[0] for name in ("resume_unknown", "version"))
    assert two_fakes.play(unknown, known).outcome == "known"
    stale = two_fakes.play(bad, known)
    assert (stale.outcome, stale.good) == ("stale", False)
    assert "take it out of known.json: all of it" in str(stale)


def test_a_conversation_is_made_once_and_put_back(two_fakes: Theatre) -> None:
    seen: list[str] = []

    def act(stage: Stage) -> None:
        session_id = stage.conversation()
        seen.append(session_id)
        assert stage.transcript(session_id).is_file()
        (stage.config_dir / "junk").write_text("x")

    for _ in range(2):
        two_fakes.play(Scenario("made", "", act), known=())
    assert seen[0] == seen[2]
    assert seen[1] == seen[3]
    assert not (two_fakes.directory / "kept" / "fake-1" / "disk" / "config" / "junk").exists()


def test_what_the_machine_lacks_is_told(two_fakes: Theatre) -> None:
    def act(stage: Stage) -> None:
        raise CannotPlay("no moon")

    played = two_fakes.play(Scenario("moon", "", act), known=())
    assert (played.outcome, played.reason, played.good) == ("could-not-run", "no moon", True)


def test_a_scenario_that_comes_to_nothing_is_no_success(two_fakes: Theatre) -> None:
    def act(stage: Stage) -> None:
        raise RuntimeError("it broke")

    played = two_fakes.play(Scenario("broken", "", act), known=())
    assert (played.outcome, played.good) == ("broken", False)
    assert "RuntimeError: it broke" in str(played)


def test_a_turn_is_held_until_it_is_let_go(two_fakes: Theatre) -> None:
    [scenario] = chosen(["running_file"])
    played = two_fakes.play(scenario, known=())
    assert played.real["during"]["own"] is True
    assert played.real["after"] == {"left": []}
    assert "during" not in played.fake


def test_hooks_and_records_are_seen(two_fakes: Theatre) -> None:
    [scenario] = chosen(["hook_stop"])
    start = two_fakes.play(scenario, known=()).real["start"]
    assert start["hooks"]["Stop"][0]["session_id"] == "<id 1>"
    [records] = start["records"].values()
    assert records == ['user "hello" <id 1> first', 'assistant ["reply to 1 messages"] <id 1> after-1']


def test_a_name_that_no_scenario_has() -> None:
    with pytest.raises(UnknownScenario, match="did you mean 'resume_unknown'"):
        chosen(["resume_unknwn"])


def test_nothing_of_the_stage_is_in_the_users_home(two_fakes: Theatre, tmp_path: Path) -> None:
    stage = Stage(two_fakes.subjects[0], two_fakes.api, tmp_path / "stage", tmp_path / "kept")
    assert stage.env["HOME"].startswith(str(tmp_path))
    assert stage.env["CLAUDE_CONFIG_DIR"].startswith(str(tmp_path))
    assert stage.env["ANTHROPIC_BASE_URL"].startswith("http://127.0.0.1:")
