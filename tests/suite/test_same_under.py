"""Order and isolation: the same verdicts, requirement by requirement, in whatever surroundings the suite runs.

A handful of requirements is checked, one for each thing that surroundings touch: files and their modes, the clock,
Claude's starts, names. CLAUDE_SESSIONS_PROFILE names a whole profile instead. `tox -e plugins` has all plug-ins.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..strength.isolation import plain_verdicts, played
from ..strength.surroundings import ALL, Lacking

HANDFUL = ("STO-01", "STO-12", "TTL-02", "RES-02", "ID-04", "QUA-02")
PROFILE = os.environ.get("CLAUDE_SESSIONS_PROFILE")
ASKED = (
    ("--claude-profile", PROFILE)
    if PROFILE
    else ("--claude-profile", "card", *(word for name in HANDFUL for word in ("--claude-requirement", name)))
)


@pytest.mark.parametrize("name", ALL)
def test_surroundings_change_no_verdict(name: str, tmp_path: Path) -> None:
    plain = plain_verdicts(ASKED)
    assert (plain.outcome, plain.exit_status) == ("conformant" if PROFILE else "partial", 0)
    try:
        found = played(ALL[name], ASKED, tmp_path)
    except Lacking as lacking:
        pytest.skip(str(lacking))
    assert [plain.differences(verdicts) for verdicts in found] == [[]] * ALL[name].reports
