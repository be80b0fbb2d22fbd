"""The table of releases stands in its file in one form, so that a change of it shows what changed and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.fidelity import command
from pytest_claude_sessions.fidelity.table import TABLE, rewrite, written

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=80),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=30), inner, max_size=4),
    max_leaves=20,
)


def test_the_file_is_in_its_own_form() -> None:
    """`python -m pytest_claude_sessions.fidelity --table` puts it into that form after a change by hand."""
    text = TABLE.read_text(encoding="utf-8")
    assert text == written(json.loads(text))


@given(JSON)
def test_nothing_is_lost(value: object) -> None:
    text = written(value)
    assert json.loads(text) == value
    assert written(json.loads(text)) == text


def test_an_entry_that_fits_in_a_line_is_one() -> None:
    value: dict[str, object] = {"facet": [{"since": "1.0.0", "value": True}, {"since": "2.0.0", "value": "x" * 120}]}
    assert written(value).splitlines() == [
        "{",
        ' "facet": [',
        '  {"since": "1.0.0", "value": true},',
        "  {",
        '   "since": "2.0.0",',
        '   "value": "' + "x" * 120 + '"',
        "  }",
        " ]",
        "}",
    ]


def test_a_file_is_written_anew(tmp_path: Path) -> None:
    path = tmp_path / "releases.json"
    path.write_text('{"facet":[{"since":"1.0.0","value":"é"}]}', encoding="utf-8")
    rewrite(path)
    assert path.read_text(encoding="utf-8") == '{\n "facet": [\n  {"since": "1.0.0", "value": "é"}\n ]\n}\n'


def test_the_command_writes_the_table_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[bool] = []
    monkeypatch.setattr(command, "rewrite", lambda: done.append(True))
    assert command.main(["--table"]) == 0
    assert done == [True]
