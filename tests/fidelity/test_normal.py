"""What is the same in two runs becomes the same text, and nothing else does."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_claude_sessions.fidelity.normal import Normal

ONE, TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
PLAIN = Normal({}, [])


def test_session_ids_are_numbered_in_the_order_in_which_they_were_named() -> None:
    normal = Normal({}, [TWO, ONE, TWO])
    assert normal(f"{ONE} then {TWO}") == "<id 2> then <id 1>"


def test_an_id_in_upper_case_is_another_one() -> None:
    upper = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"
    assert Normal({}, [upper])([upper, upper.lower()]) == ["<id 1>", "<uuid>"]


@pytest.mark.parametrize(
    ("given_text", "told"),
    [
        ("at 2026-11-21T03:33:00.215Z", "at <time>"),
        ("backups/.claude.json.backup.1795276252520", "backups/.claude.json.backup.<ms>"),
        ("sessions/4711.json", "sessions/<pid>.json"),
        (f"sessions/4711.{'0f' * 32}.key", "sessions/<pid>.<key>.key"),
        ("projects/x/agent-a8a00bc.jsonl", "projects/x/agent-<agent>.jsonl"),
        ("resets 6:16am (UTC)", "resets <clock> (UTC)"),
        ("resets Nov 24, 6am (UTC)", "resets <clock> (UTC)"),
        ("gateway (127.0.0.1:43211)", "gateway (127.0.0.1:<port>)"),
        ("reply to 12 messages", "reply to 12 messages"),
        ("Exit code 143", "Exit code 143"),
    ],
)
def test_texts(given_text: str, told: str) -> None:
    assert PLAIN(given_text) == told


def test_the_longest_path_is_replaced_first() -> None:
    normal = Normal({"/tmp/a": "<stage>", "/tmp/a/disk": "<root>"}, [])
    assert normal("/tmp/a/disk/x /tmp/a/y") == "<root>/x <stage>/y"


def test_keys_that_become_alike_are_kept_apart() -> None:
    told = PLAIN({f"agent-a{number:06x}": number for number in range(3)})
    assert told == {"agent-<agent>": 0, "agent-<agent>'": 1, "agent-<agent>''": 2}


@given(st.lists(st.uuids(version=4), min_size=1, max_size=5, unique=True))
def test_two_runs_with_other_ids_are_told_alike(ids: list[uuid.UUID]) -> None:
    texts = [str(one) for one in ids]
    others = [str(uuid.uuid4()) for _ in texts]
    value = {"frames": [{"session_id": text} for text in texts]}
    other = {"frames": [{"session_id": text} for text in others]}
    assert Normal({}, texts)(value) == Normal({}, others)(other)
