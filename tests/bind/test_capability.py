from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest

from pytest_claude_sessions.bind import capability
from pytest_claude_sessions.bind.unavailable import Refused

from .conftest import RunAs


@pytest.mark.usefixtures("root")
def test_they_are_given_up_for_the_thread_alone_and_come_back(tmp_path: Path) -> None:
    locked = tmp_path / "locked"
    locked.touch(mode=0o400)
    go, asked, answers = threading.Event(), threading.Event(), []

    def other() -> None:
        go.wait()
        answers.append(capability.overrules_permissions())
        asked.set()

    if not capability.overrules_permissions():
        pytest.skip("root without its powers over permissions")
    thread = threading.Thread(target=other, daemon=True)
    thread.start()
    before = capability._get()
    try:
        bring_back = capability.give_up_overrides()
    except Refused as refusal:
        pytest.skip(str(refusal))
    try:
        assert not capability.overrules_permissions()
        with pytest.raises(PermissionError):
            locked.open("a")
        assert os.geteuid() == 0
        go.set()
        asked.wait()
    finally:
        bring_back()
        go.set()
        thread.join()
    assert answers == [True]
    assert capability._get() == before
    locked.open("a").close()


def test_an_ordinary_user_overrules_nothing(run_as: RunAs) -> None:
    seen = run_as("""
        from pytest_claude_sessions.bind import capability
        seen["overrules"] = capability.overrules_permissions()
    """)
    assert seen == {"overrules": False}


def test_without_setpcap_they_cannot_be_given_up_and_nothing_changes(run_as: RunAs) -> None:
    seen = run_as(
        """
        from pytest_claude_sessions.bind import capability
        from pytest_claude_sessions.bind.unavailable import Refused
        for name in ("give_up_overrides", "give_up_all_for_good"):
            try:
                getattr(capability, name)()
            except Refused as refusal:
                seen[name] = str(refusal)
        seen["overrules"] = capability.overrules_permissions()
        """,
        root_without="setpcap",
    )
    text = "root's powers cannot be given up (Operation not permitted, it takes CAP_SETPCAP)"
    assert seen == {"give_up_overrides": text, "give_up_all_for_good": text, "overrules": True}


def test_other_systems_go_by_the_user(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str, *arguments: object) -> int:
        raise Refused("not here")

    monkeypatch.setattr(capability, "call", missing)
    for uid, overrules in ((0, True), (501, False)):
        monkeypatch.setattr(os, "geteuid", lambda uid=uid: uid)
        assert capability.overrules_permissions() is overrules
