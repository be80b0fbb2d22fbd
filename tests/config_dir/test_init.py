from __future__ import annotations

import subprocess
import sys

import pytest

from pytest_claude_sessions import config_dir


@pytest.mark.parametrize("name", config_dir.__all__)
def test_every_public_name_is_there(name: str) -> None:
    assert getattr(config_dir, name) is not None


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="NoSuchName"):
        getattr(config_dir, "NoSuchName")  # noqa: B009  # a name that mypy must not look for


def test_the_package_imports_nothing_of_its_own() -> None:
    code = (
        "import sys, pytest_claude_sessions.config_dir as c; "
        "print([m for m in sys.modules if m.startswith('pytest_claude_sessions.')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['pytest_claude_sessions.config_dir']"


def test_the_config_dir_needs_neither_pyfakefs_nor_the_sdk() -> None:
    code = (
        "import sys; from pytest_claude_sessions.config_dir import ConfigDir, own_config_dir, in_memory, DAMAGES; "
        "print([m for m in ('pyfakefs', 'claude_agent_sdk', 'freezegun', 'asyncio', 'subprocess') if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_asking_for_everything_that_it_lists_imports_nothing() -> None:
    """As freezegun does with every loaded module when a clock is frozen."""
    code = (
        "import sys, pytest_claude_sessions.config_dir as c; [getattr(c, name) for name in dir(c)]; "
        "print([m for m in sys.modules if m.startswith('pytest_claude_sessions.')])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "['pytest_claude_sessions.config_dir']"
