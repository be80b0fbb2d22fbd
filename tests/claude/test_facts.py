"""The fake against `facts.json`, what the real releases did in the same scenarios."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.claude.release import OBSERVED

from .conftest import Ran, World

FACTS: dict[str, dict[str, Any]] = json.loads((Path(__file__).parent / "facts.json").read_text())["releases"]
UNKNOWN = "11111111-1111-4111-8111-111111111111"
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

every_release = pytest.mark.parametrize("release", FACTS)
PLAYED = json.loads((Path(__file__).parent.parent / "fidelity" / "results.json").read_text())["releases"]


def test_every_observed_release_has_facts_or_was_played() -> None:
    assert [release for release in OBSERVED if release in FACTS] == list(FACTS)
    assert [release for release in OBSERVED if release not in FACTS and release not in PLAYED] == []


def shown(ran: Ran, world: World) -> dict[str, Any]:
    """A start in the form in which the facts tell of one."""
    frames = ran.frames
    told: dict[str, Any] = {"exit": ran.status, "frames": ran.types, "session_ids": len(ran.ids)}
    result = next((f for f in frames if f["type"] == "result"), None)
    if result is not None:
        told["subtype"] = result["subtype"]
        told["is_error"] = result["is_error"]
        if result.get("errors"):
            told["error"] = _UUID.sub("<id>", result["errors"][0])
        else:
            told["sent_messages"] = world.cli.starts[-1].messages
            assert result["result"] == f"reply to {told['sent_messages']} messages"
    if ran.err.strip():
        lines = [line for line in ran.err.splitlines() if line.strip()]
        told["stderr"] = _UUID.sub("<id>", lines[0])[:200]
    return told


def assert_fact(fact: dict[str, Any], ran: Ran, world: World) -> None:
    told = shown(ran, world)
    # The facts keep the first 200 characters of stderr's first line.
    expected = {key: value[:200] if key == "stderr" else value for key, value in fact.items()}
    assert told == expected


def conversation(world: World, turns: int) -> str:
    """A conversation of so many turns, made as the facts made theirs: the one of four is a fork; its id."""
    ids = world.turn("hello").ids
    for turn in range(1, turns):
        fork = ("--fork-session",) if turn == 2 else ()
        ids = world.turn("hello", "--resume", ids[0], *fork).ids
    return ids[0]


@every_release
def test_starts(release: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    fresh = world.turn()
    assert_fact(fact["fresh"], fresh, world)
    first = fresh.ids[0]
    assert world.path(first).is_file() == fact["encoded_matches"]

    resumed = world.turn("hello", "--resume", first)
    assert_fact(fact["resume_ok"], resumed, world)
    assert (resumed.ids[0] == first) == fact["resume_same_id"]
    assert len(list(world.project.glob("*.jsonl"))) == fact["transcripts_after_resume"]

    assert_fact(fact["resume_unknown"], world.turn("hello", "--resume", UNKNOWN), world)
    assert_fact(fact["resume_not_uuid"], world.turn("hello", "--resume", "notauuid"), world)
    assert_fact(fact["session_id_in_use"], world.turn("hello", "--session-id", first), world)
    assert_fact(fact["session_id_bad"], world.turn("hello", "--session-id", "notauuid"), world)
    five = "7708c591-5e83-52a5-aa90-d9dd59e528d7"
    assert_fact(fact["session_id_v5"], world.turn("hello", "--session-id", five), world)
    upper = "AAAAAAAA-BBBB-4CCC-8DDD-EEEEEEEEEEEE"
    assert_fact(fact["session_id_upper"], world.turn("hello", "--session-id", upper), world)
    assert_fact(fact["fork"], world.turn("hello", "--resume", first, "--fork-session"), world)
    assert_fact(fact["continue"], world.turn("hello", "--continue"), world)

    other = world.root / "other"
    other.mkdir()
    # The release that finds it there names the fresh one's id; the facts counted the conversation as it was then.
    elsewhere = world.turn("hello", "--resume", first, cwd=other)
    assert_fact(fact["resume_other_cwd"], elsewhere, world)
    assert_fact(fact["session_id_in_use_other_cwd"], world.turn("x", "--session-id", first, cwd=other), world)


@every_release
def test_files(release: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    first = world.turn().ids[0]

    def plain(name: str) -> str:
        name = _UUID.sub("<id>", name)
        name = re.sub(r"agent-a[0-9a-f]{6}", "agent-<agent>", name)
        name = re.sub(r"backup\.(<ms>|\d+)", "backup.<ms>", name)
        return re.sub(r"projects/[^/]+", "projects/<project>", name)

    found = [
        plain(str(Path(directory, name).relative_to(world.config_dir)))
        for directory, _, names in os.walk(world.config_dir)
        for name in names
    ]
    assert Counter(found) == Counter(plain(name) for name in fact["files"])
    # Where side transcripts exist the facts describe the first one that was found.
    path = world.path(first) if fact["stem_is_sid"] else next(world.project.glob("agent-*.jsonl"))
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [record["type"] for record in records] == fact["line_types"]
    user = next(record for record in records if record["type"] == "user")
    assert sorted(user) == fact["user_keys"]
    assert oct(path.stat().st_mode & 0o777) == fact["mode"]


DAMAGE: dict[str, Callable[[bytes, bool], bytes]] = {
    "empty": lambda raw, bulky: b"",
    "garbage": lambda raw, bulky: b"this is not JSON\n",
    "torn_tail": lambda raw, bulky: raw[:-100],
    "nul_middle": lambda raw, bulky: _nul(raw, bulky),
    "foreign_sid": lambda raw, bulky: re.sub(
        rb'("sessionId":")[^"]+', rb"\g<1>55555555-5555-4555-8555-555555555555", raw
    ),
    "summary_only": lambda raw, bulky: b'{"type":"summary","summary":"x","leafUuid":"%s"}\n' % UNKNOWN.encode(),
    "blank_lines": lambda raw, bulky: raw.replace(b"\n", b"\n\n"),
    "crlf": lambda raw, bulky: raw.replace(b"\n", b"\r\n"),
}


def _nul(raw: bytes, bulky: bool) -> bytes:
    """64 NUL bytes in the middle. In the releases with bulky attachments the middle of a real file lies in one.

    Where there is a snapshot of the prompt (57 of 141 KB of a first turn of 2.1.330, 2026-11-21) that is the bulk; the
    fake's own are as long as the directory's name makes them.
    """
    middle = len(raw) // 2
    if bulky:
        attachments = [line for line in raw.splitlines() if b'"attachment":{' in line]
        snapshots = [line for line in attachments if b'"type":"prompt_snapshot"' in line]
        attachment = max(snapshots or attachments, key=len)
        middle = raw.index(attachment) + len(attachment) // 2
    return raw[:middle] + b"\0" * 64 + raw[middle:]


@every_release
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_transcripts(release: str, damage: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    # How long the conversation was that the facts damaged shows in the undamaged count.
    turns = (fact["resume_foreign_sid"]["sent_messages"] - fact["fresh"]["sent_messages"]) // 2
    session_id = conversation(world, turns)
    path = world.path(session_id)
    raw = path.read_bytes()
    path.write_bytes(DAMAGE[damage](raw, b'"attachment":{' in raw))
    if f"sessionid_{damage}" in fact:
        assert_fact(fact[f"sessionid_{damage}"], world.turn("hello", "--session-id", session_id), world)
    before = path.read_bytes()
    ran = world.turn("hello", "--resume", session_id)
    expected = fact[f"resume_{damage}"]
    if ran.types == ["system/init"] and expected["frames"] == []:
        # 2.0.77 and 2.1.0 print their init frame while they read the file: whether it is out before the refusal is a
        # race, and the facts saw it both ways. The fake always prints it.
        assert release in ("2.0.77", "2.1.0")
        expected = {**expected, "frames": ["system/init"], "session_ids": 1}
    assert_fact(expected, ran, world)
    assert path.read_bytes().startswith(before)


@every_release
def test_made_transcripts(release: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    session_id = world.turn().ids[0]
    user = next(line for line in world.path(session_id).read_text().splitlines() if '"type":"user"' in line)
    made = "22222222-2222-4222-8222-222222222222"
    world.path(made).write_text(user.replace(session_id, made) + "\n")
    assert_fact(fact["resume_user_only"], world.turn("hello", "--resume", made), world)
    minimal = "33333333-3333-4333-8333-333333333333"
    stamp = "2026-11-21T03:33:00.215Z"
    records = [
        {
            "type": "user",
            "message": {"role": "user", "content": "m1"},
            "uuid": "66666666-6666-4666-8666-666666666666",
            "parentUuid": None,
            "sessionId": minimal,
            "timestamp": stamp,
        },
        {
            "type": "assistant",
            # The facts do not list the keys; without a model 2.1.160 hangs, and there it answered.
            "message": {"role": "assistant", "model": "m", "content": [{"type": "text", "text": "r1"}]},
            "uuid": "77777777-7777-4777-8777-777777777777",
            "parentUuid": "66666666-6666-4666-8666-666666666666",
            "sessionId": minimal,
            "timestamp": stamp,
        },
    ]
    world.path(minimal).write_text("".join(json.dumps(record) + "\n" for record in records))
    assert_fact(fact["resume_minimal"], world.turn("hello", "--resume", minimal), world)


@every_release
def test_cleanup(release: str, make_world: Callable[..., World]) -> None:
    for source in ("user", "managed"):
        world, fact = make_world(release), FACTS[release]
        session_id = world.turn().ids[0]
        old, new = world.path("old"), world.path("new")
        shutil.copy(world.path(session_id), new)
        shutil.copy(world.path(session_id), old)
        then = time.time() - 5 * 86400
        os.utime(old, (then, then))
        settings = json.dumps({"cleanupPeriodDays": 1})
        if source == "user":
            (world.config_dir / "settings.json").write_text(settings)
            expected = fact["cleanup"]
        else:
            managed = world.root / "managed"
            managed.mkdir()
            (managed / "30-coder-lifecycle.json").write_text(settings)
            world.extra["CLAUDE_FAKE_MANAGED_SETTINGS"] = str(managed)
            expected = {"old_exists": fact["managed_cleanup_old_exists"], "new_exists": True}
        assert world.turn().status == 0
        assert {"old_exists": old.exists(), "new_exists": new.exists()} == expected


@every_release
def test_stop_hooks(release: str, make_world: Callable[..., World]) -> None:
    fact = FACTS[release]
    for source in ("user", "managed"):
        world = make_world(release)
        seen = world.root / "seen.json"
        hook = {"hooks": {"Stop": [{"hooks": [{"type": "command", "command": f"cat > '{seen}'"}]}]}}
        if source == "user":
            (world.config_dir / "settings.json").write_text(json.dumps(hook))
        else:
            managed = world.root / "managed"
            managed.mkdir()
            (managed / "30-coder-lifecycle.json").write_text(json.dumps(hook))
            world.extra["CLAUDE_FAKE_MANAGED_SETTINGS"] = str(managed)
        ran = world.turn()
        assert seen.exists() == fact[f"stop_hook_{source}"]
        if seen.exists():
            payload = json.loads(seen.read_text())
            assert sorted(payload) == fact["stop_hook_input"]
            assert payload["session_id"] == ran.ids[0]
            assert payload["transcript_path"] == str(world.path(ran.ids[0]))


@every_release
def test_long_paths(release: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    deep = world.root.joinpath(*[f"abcdefghijklmnopqrstuvwxyz{i}" for i in range(9)])
    deep.mkdir(parents=True)
    ran = world.turn(cwd=deep)
    names = os.listdir(world.config_dir / "projects")
    encoded = re.sub("[^A-Za-z0-9]", "-", str(deep))
    if fact["long_path_supported"]:
        assert ran.status == 0
        [name] = names
        assert name.startswith(encoded[:200] + "-")
        assert re.fullmatch("[0-9a-z]{1,7}", name[201:])
    else:
        # ENAMETOOLONG: no transcript, and no result.
        assert names == []
        assert "result/success" not in ran.types


def _mounts(world: World, writable: bool) -> list[str]:
    config = str(world.config_dir)
    script = 'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && '
    if writable:
        shadow = world.root / "projects"
        shutil.copytree(world.config_dir / "projects", shadow, dirs_exist_ok=True)
        script += f"mount --bind '{shadow}' '{config}/projects' && "
    return ["unshare", "-r", "-m", "sh", "-c", script + 'exec "$@"', config]


def _can_mount() -> bool:
    try:
        done = subprocess.run(["unshare", "-r", "-m", "true"], capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0


@pytest.mark.skipif(not _can_mount(), reason="this machine lets nobody make mount namespaces")
@every_release
@pytest.mark.parametrize("kind", ["ro", "rorw"])
def test_read_only(release: str, kind: str, make_world: Callable[..., World]) -> None:
    world, fact = make_world(release), FACTS[release]
    (world.config_dir / "projects").mkdir()
    if f"{kind}_resume" in fact:
        # The releases that go on were observed with their own state in place; without it they end without a word.
        world.turn()
        shutil.rmtree(world.config_dir / "projects")
        (world.config_dir / "projects").mkdir()
    wrap = _mounts(world, kind == "rorw")
    fresh = world.turn(wrap=wrap)
    expected = fact[f"{kind}_fresh"]
    assert_fact(expected, fresh, world)
    if f"{kind}_resume" in fact:
        assert_fact(fact[f"{kind}_resume"], world.turn("hello", "--resume", fresh.ids[0], wrap=wrap), world)
