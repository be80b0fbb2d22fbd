"""Order and isolation: the same verdicts, requirement by requirement, in whatever surroundings the suite runs.

A handful of requirements is checked, one for each thing that surroundings touch: files and their modes, the clock,
Claude's starts, names. CLAUDE_SESSIONS_PROFILE names a whole profile instead. `tox -e plugins` has all plug-ins.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from ..strength.isolation import asked_for, plain_verdicts, played
from ..strength.surroundings import ALL, Lacking

PROFILE = os.environ.get("CLAUDE_SESSIONS_PROFILE", "handful")
ASKED = asked_for(PROFILE)


@pytest.mark.parametrize("name", ALL)
def test_surroundings_change_no_verdict(name: str, tmp_path: Path) -> None:
    plain = plain_verdicts(ASKED)
    assert (plain.outcome, plain.exit_status) == ("partial" if PROFILE == "handful" else "conformant", 0)
    try:
        found = played(ALL[name], ASKED, tmp_path)
    except Lacking as lacking:
        pytest.skip(str(lacking))
    assert [plain.differences(verdicts) for verdicts in found] == [[]] * ALL[name].reports
