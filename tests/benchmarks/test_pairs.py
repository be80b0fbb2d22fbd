"""Ways are run in turn, and a program's peak is its own."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from benchmarks.pairs import Failed, command, in_turn, peak_mib


def test_which_goes_first_changes_from_round_to_round() -> None:
    order: list[str] = []
    times = in_turn(*(lambda name=name: order.append(name) or 1.0 for name in "abc"), rounds=3, warm=1)
    assert times == [[1.0] * 3] * 3
    rounds = ["".join(order[start : start + 3]) for start in range(0, 12, 3)]
    assert sorted(map(sorted, rounds)) == [["a", "b", "c"]] * 4
    assert len(set(rounds[1:])) == 3


def test_a_way_that_times_itself_is_believed() -> None:
    assert in_turn(lambda: 42.0, rounds=2) == [[42.0, 42.0]]


def test_program_that_fails_is_told(tmp_path: Path) -> None:
    with pytest.raises(Failed, match="ended with 3"):
        command([sys.executable, "-c", "import sys; print('so it was'); sys.exit(3)"], tmp_path)()
    with pytest.raises(Failed, match="ended with 3"):
        peak_mib([sys.executable, "-c", "import sys; sys.exit(3)"], tmp_path)


def test_peak_does_not_count_what_the_caller_holds(tmp_path: Path) -> None:
    held = bytearray(200 * 2**20)
    held[:: 2**12] = b"x" * len(held[:: 2**12])
    idle = peak_mib([sys.executable, "-ISc", ""], tmp_path)
    assert idle < 100
    assert peak_mib([sys.executable, "-ISc", "x = b'x' * (100 * 2**20)"], tmp_path) > idle + 90
