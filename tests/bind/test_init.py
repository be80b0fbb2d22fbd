from __future__ import annotations

import subprocess
import sys

import pytest

import pytest_claude_sessions.bind as bind


def test_every_name_is_there() -> None:
    for name in bind.__all__:
        assert getattr(bind, name).__name__ == name
    with pytest.raises(AttributeError, match="has no attribute 'unbind'"):
        _ = bind.unbind


def test_importing_loads_nothing_heavy() -> None:
    program = (
        "import sys; from pytest_claude_sessions.bind import ReadOnlyBind; ReadOnlyBind().release();"
        "print([m for m in ('ctypes', 'subprocess', 'pyfakefs', 'pytest') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert (done.stdout, done.stderr) == ("[]\n", "")
