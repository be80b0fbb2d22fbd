"""The search by itself: what it draws, how it shortens, that the same seed gives the same sequences."""

from __future__ import annotations

from pathlib import Path

import pytest

from pytest_claude_sessions.model.exploring import Search, search
from pytest_claude_sessions.model.sequence import Sequence
from pytest_claude_sessions.model.store_steps import Read, Restart, Store
from pytest_claude_sessions.model.walk import Found

CARD = ("store", "resume", "identity", "ttl", "quarantine", "metrics")


def search_with(directory: Path, attempt, *, capabilities=CARD, **more) -> Search:
    options = {"count": 60, "longest": 10, "seed": 0, "moves_the_clock": True, "quick": False, **more}
    return search(attempt, capabilities, directory=directory, **options)


def test_every_sequence_is_tried_once(tmp_path: Path) -> None:
    tried: list[Sequence] = []
    result = search_with(tmp_path, tried.append)
    assert result.tried == len(tried)
    assert 50 <= len(tried) <= 60


def test_same_seed_gives_the_same_sequences_and_another_others(tmp_path: Path) -> None:
    tried: dict[str, list[Sequence]] = {"once": [], "again": [], "other": []}
    for name, seed in (("once", 3), ("again", 3), ("other", 4)):
        search_with(tmp_path, tried[name].append, seed=seed)
    assert tried["once"] == tried["again"]
    assert tried["once"] != tried["other"]


def test_failing_sequence_is_made_short(tmp_path: Path) -> None:
    def fails_on_a_restart_after_a_store(sequence: Sequence) -> Found | None:
        kinds = [type(step) for step in sequence.steps]
        if Store in kinds and Restart in kinds[kinds.index(Store) :]:
            return Found("STO-02", "an id", "None", tuple(kind.__name__ for kind in kinds))
        return None

    result = search_with(tmp_path, fails_on_a_restart_after_a_store, capabilities=("store",), count=200)
    assert result.found is not None
    assert result.found.story == ("Store", "Restart")
    assert result.again


def test_what_does_not_show_again_is_told(tmp_path: Path) -> None:
    seen: set[Sequence] = set()

    def fails_once(sequence: Sequence) -> Found | None:
        new = sequence not in seen
        seen.add(sequence)
        return Found("STO-01", "an id", "None", ("a step",)) if new and Read(0) in sequence.steps else None

    result = search_with(tmp_path, fails_once, capabilities=("store",), count=200)
    assert result.found is not None
    assert not result.again


@pytest.mark.parametrize(("capabilities", "moves"), [(("store",), True), (CARD, False)])
def test_steps_that_the_manager_cannot_take_are_not_drawn(
    tmp_path: Path, capabilities: tuple[str, ...], moves: bool
) -> None:
    tried: list[Sequence] = []
    search_with(tmp_path, tried.append, capabilities=capabilities, moves_the_clock=moves, count=200)
    steps = {type(step) for sequence in tried for step in sequence.steps}
    assert all(step.needs <= set(capabilities) for step in steps)
    assert moves or not any(getattr(step, "moves_the_clock", False) for step in steps)


def test_hypothesis_writes_where_it_may(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    from hypothesis.configuration import storage_directory

    before = storage_directory(intent_to_write=False)
    search_with(tmp_path / "there", lambda sequence: None)
    assert list(here.iterdir()) == []
    assert storage_directory(intent_to_write=False).path == before.path
