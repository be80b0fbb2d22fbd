"""JSON without `json`: the same values, the same text, the same refusals, and no heavy import at a start."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.claude.json_text import dumps, loads

CHECKOUT = __file__.rsplit("/tests/", 1)[0]
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
)
ODD_TEXTS = st.text('{}[]",:0123456789.eE+-truefalsnN \n\t\\u\ufeffI', max_size=12)


@given(VALUES)
def test_what_is_written_is_what_json_writes(value: object) -> None:
    assert dumps(value) == json.dumps(value, separators=(",", ":"))
    assert dumps(value, ensure_ascii=False) == json.dumps(value, separators=(",", ":"), ensure_ascii=False)


@given(VALUES)
def test_what_was_written_is_read_back(value: object) -> None:
    text = json.dumps(value, indent=1)
    assert repr(loads(text)) == repr(json.loads(text))


@given(ODD_TEXTS)
def test_what_json_refuses_is_refused(text: str) -> None:
    try:
        expected = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError):  # noqa: PT011  # the wording is the interpreter's own
            loads(text)
    else:
        assert repr(loads(text)) == repr(expected)


def test_what_is_no_json_value_cannot_be_written() -> None:
    with pytest.raises(TypeError, match="set is not JSON serializable"):
        dumps({"ids": {1}})


@pytest.mark.parametrize("text", ["", "{", '{"a": ', '["', "1 2", "{]", '"\\ud800'])
def test_a_damaged_text_is_refused_before_json_was_ever_imported(text: str) -> None:
    code = (
        "import sys, runpy; loads = runpy.run_path(sys.argv[1])['loads']\n"
        "try: loads(sys.argv[2])\n"
        "except ValueError: print('refused')\n"
    )
    module = f"{CHECKOUT}/pytest_claude_sessions/claude/json_text.py"
    told = subprocess.run([sys.executable, "-ISc", code, module, text], capture_output=True, text=True, check=False)
    assert told.stdout == "refused\n", told.stderr


def test_a_start_of_the_fake_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "package = type(sys)('pytest_claude_sessions')\n"
        "package.__path__ = [sys.argv[1] + '/pytest_claude_sessions']; sys.modules[package.__name__] = package\n"
        "before = set(sys.modules)\n"
        "import pytest_claude_sessions.claude.program\n"
        "print(*sorted(set(sys.modules) - before))\n"
    )
    told = subprocess.run(
        [sys.executable, "-ISc", code, CHECKOUT], capture_output=True, text=True, check=True
    ).stdout.split()
    assert "pytest_claude_sessions.claude.program" in told
    assert not {"json", "re", "enum", "signal", "functools", "subprocess", "typing", "dataclasses"} & set(told)
