"""Command line, stdin, files and signals of a start, as measured on the real releases."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pytest_claude_sessions.claude.release import OBSERVED, parse_version

from .conftest import STREAM, World

OTHER = "22222222-2222-4222-8222-222222222222"


def prompt_of(world: World, session_id: str) -> object:
    return next(r["message"]["content"] for r in world.records(session_id) if r["type"] == "user")


@pytest.mark.parametrize(
    ("words", "stdin", "prompt"),
    [
        (["-p", "arg", *STREAM], "", "arg"),
        (["-p", *STREAM], "from stdin\n", "from stdin\n"),
        (["-p", "arg", *STREAM], "from stdin", "arg\nfrom stdin"),
        (["-p", *STREAM, "--", "--resume evil"], "", "--resume evil"),
        (["-p", "a", "b", *STREAM], "", "a"),
        ([*STREAM, "no print flag"], "", "no print flag"),
        (["-p", *STREAM], "a\r\nb\r\n", "a\r\nb\r\n"),
        (["-p", "é 🎉 \u2028 \x07 $(touch pwned) `x` 'q'\nline", *STREAM], "", None),
        (["-p", *STREAM, "--", "mcp"], "", "mcp"),
    ],
)
def test_the_prompt_arrives_unchanged(words: list[str], stdin: str, prompt: str | None, world: World) -> None:
    ran = world.run(*words, stdin=stdin)
    assert ran.status == 0
    expected = words[1] if prompt is None else prompt
    assert prompt_of(world, ran.ids[0]) == expected
    assert world.cli.starts[0].prompt == expected
    assert os.listdir(world.cwd) == []


def test_a_mebibyte_on_stdin(world: World) -> None:
    text = "x" * (1 << 20)
    ran = world.run("-p", *STREAM, stdin=text)
    assert prompt_of(world, ran.ids[0]) == text


@pytest.mark.parametrize("locale", ["C", "POSIX", "de_DE.ISO-8859-1"])
def test_the_locale_changes_nothing(locale: str, world: World) -> None:
    world.extra["LC_ALL"] = locale
    ran = world.turn("é漢")
    assert prompt_of(world, ran.ids[0]) == "é漢"


@pytest.mark.parametrize(
    ("release", "status", "err"),
    [("1.0.98", 0, ""), ("2.1.160", 0, ""), ("2.1.329", 1, "Error: Input contained only whitespace.")],
)
def test_a_blank_prompt(release: str, status: int, err: str, make_world: Callable[..., World]) -> None:
    ran = make_world(release).turn("   ")
    assert (ran.status, ran.out) == (status, "")
    assert ran.err.startswith(err)


@pytest.mark.parametrize("words", [["-p", "", *STREAM], ["-p", *STREAM], ["-p"]])
def test_no_prompt(words: list[str], world: World) -> None:
    ran = world.run(*words)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err == (
        "Error: Input must be provided either through stdin or as a prompt argument when using --print\n"
    )
    assert not world.project.exists()


def test_stdin_that_stays_open_is_not_waited_for_in_new_releases(make_world: Callable[..., World]) -> None:
    world = make_world("2.1.329")
    process = world.start("-p", "hello", *STREAM, stdin=subprocess.PIPE)
    process.wait(timeout=50)  # communicate would close stdin
    _, err = process.communicate()
    assert process.returncode == 0
    assert b"no stdin data received in 3s" in err


def test_stdin_that_stays_open_is_waited_for_in_old_releases(make_world: Callable[..., World]) -> None:
    world = make_world("2.1.50")
    process = world.start("-p", "hello", *STREAM, stdin=subprocess.PIPE)
    with pytest.raises(subprocess.TimeoutExpired):
        process.wait(timeout=1)
    out, _ = process.communicate(timeout=50)
    assert b'"result":"reply to 1 messages"' in out


@pytest.mark.parametrize("version", OBSERVED)
def test_text_and_json(version: str, make_world: Callable[..., World]) -> None:
    world = make_world(version)
    count = 2 if parse_version(version) >= (2, 1, 160) else 1
    assert world.run("-p", "hi").out == f"reply to {count} messages\n"
    result = json.loads(world.run("-p", "hi", "--output-format", "json").out)
    assert (result["type"], result["result"]) == ("result", f"reply to {count} messages")
    every = json.loads(world.run("-p", "hi", "--output-format", "json", "--verbose").out)
    assert [frame["type"] for frame in every] == ["system", "assistant", "result"]
    assert world.run("--version").out == f"{version} (Claude Code)\n"
    assert world.cli.starts[-1].outcome == "version"


@pytest.mark.parametrize(
    ("words", "err"),
    [
        (["-p", "x", "--output-format", "stream-json"], "Error: When using --print, --output-format=stream-json "),
        (["-p", "x", "--input-format", "stream-json"], "Error: --input-format=stream-json requires output-format"),
        (["-p", "x", "--frobnicate"], "error: unknown option '--frobnicate'\n"),
    ],
)
def test_refused_command_lines(words: list[str], err: str, world: World) -> None:
    ran = world.run(*words)
    assert (ran.status, ran.out) == (1, "")
    assert ran.err.startswith(err)
    assert world.cli.starts[0].outcome == "usage"


def test_ids_are_told_apart_by_case(world: World) -> None:
    first = world.turn().ids[0]
    ran = world.turn("x", "--resume", first.upper())
    assert (ran.status, ran.err) == (1, f"No conversation found with session ID: {first.upper()}\n")
    assert world.turn("x", "--session-id", first.upper()).status == 0


@pytest.mark.parametrize(
    ("release", "text"),
    [
        ("2.0.0", "Error: --session-id cannot be used with --continue or --resume.\n"),
        (
            "2.1.160",
            "Error: --session-id can only be used with --continue or --resume if --fork-session is also specified.\n",
        ),
        ("2.1.329", "Error: --session-id with --continue or --resume also needs --fork-session.\n"),
    ],
)
def test_session_id_with_resume(release: str, text: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    first = world.turn().ids[0]
    for words in (["--resume", first], ["--continue"]):
        ran = world.turn("x", "--session-id", OTHER, *words)
        assert (ran.status, ran.err, ran.out) == (1, text, "")
        assert world.cli.starts[-1].outcome == "usage"
    forked = world.turn("x", "--session-id", OTHER, "--resume", first, "--fork-session")
    assert (forked.ids == [OTHER]) == (release != "2.0.0")


@pytest.mark.parametrize("words", [["--session-id", ""], []])
def test_an_empty_session_id_is_none(words: list[str], world: World) -> None:
    assert world.turn("x", *words).status == 0


def test_continue_takes_the_file_that_was_written_last(world: World) -> None:
    one, two = world.turn("one").ids[0], world.turn("two").ids[0]
    os.utime(world.path(one), (4e9, 4e9))
    assert world.turn("three", "--continue").ids == [one]
    world.path("agent-a123456").write_text(world.path(two).read_text())
    os.utime(world.path("agent-a123456"), (5e9, 5e9))
    os.utime(world.path(two), (4.5e9, 4.5e9))
    assert world.turn("four", "--continue").ids == [two]


def test_continue_without_a_conversation_starts_one(world: World) -> None:
    ran = world.turn("x", "--continue")
    assert (ran.status, ran.frames[-1]["result"]) == (0, "reply to 2 messages")


@pytest.mark.parametrize("version", [v for v in OBSERVED if parse_version(v) >= (1, 0, 128)])
def test_a_fork_leaves_the_original_alone(version: str, make_world: Callable[..., World]) -> None:
    world = make_world(version)
    first = world.turn("one").ids[0]
    before = world.path(first).read_bytes()
    ran = world.turn("two", "--resume", first, "--fork-session")
    assert world.path(first).read_bytes() == before
    copied = [r for r in world.records(ran.ids[0]) if r["type"] in ("user", "assistant")]
    assert len(copied) == 4
    # Measured: the copies keep their UUIDs in every release, so who counts them must count each once.
    original = {r["uuid"] for r in world.records(first) if "uuid" in r}
    assert {copied[0]["uuid"], copied[1]["uuid"]} <= original
    assert copied[2]["parentUuid"] in original
    # 2.1.50 keeps the original's session id in what it copied, 2.0.77 in the copied prompts alone.
    named = [r["sessionId"] == ran.ids[0] for r in copied[:2]]
    kept = {"2.1.50": [False, False], "2.0.77": [False, True], "2.1.0": [False, True]}
    assert named == kept.get(version, [True, True])


@pytest.mark.parametrize("version", ["1.0.0", "1.0.31", "1.0.98"])
def test_old_releases_resume_under_a_new_id(version: str, make_world: Callable[..., World]) -> None:
    world = make_world(version)
    ids = world.turn("one").ids
    for number, prompt in enumerate(("two", "three"), 1):
        ids += world.turn(prompt, "--resume", ids[-1]).ids
        assert world.cli.starts[-1].messages == 1 + 2 * number
    assert len(set(ids)) == 3
    types = [r["type"] for r in world.records(ids[-1])]
    assert types == ["summary"] + ["user", "assistant"] * 3
    assert {r["sessionId"] for r in world.records(ids[-1])[1:]} == {ids[-1]}


@pytest.mark.parametrize(("version", "text"), [("2.0.77", ""), ("2.1.0", ""), ("1.0.128", "summary")])
def test_some_releases_leave_another_transcript_when_they_resume(
    version: str, text: str, make_world: Callable[..., World]
) -> None:
    world = make_world(version)
    first = world.turn().ids[0]
    world.turn("x", "--resume", first)
    [other] = [p for p in world.project.glob("*.jsonl") if p.stem != first and not p.stem.startswith("agent-")]
    assert text in other.read_text()
    assert len(other.read_text().splitlines()) == bool(text)


def test_no_session_persistence(world: World) -> None:
    assert world.turn("x", "--no-session-persistence").status == 0
    assert not list(world.project.glob("*.jsonl"))


@pytest.mark.parametrize(("release", "written"), [("2.1.50", True), ("2.1.112", False)])
def test_the_variable_that_keeps_no_history(release: str, written: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.extra["CLAUDE_CODE_SKIP_PROMPT_HISTORY"] = "1"
    world.turn()
    assert bool(list(world.project.glob("*.jsonl"))) == written


@pytest.mark.parametrize(("release", "name"), [("2.1.160", None), ("2.1.329", "my-own")])
def test_the_variable_that_names_the_project(release: str, name: str | None, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.extra["CLAUDE_CODE_PROJECT_DIR_NAME"] = "my-own"
    first = world.turn().ids[0]
    project = world.config_dir / "projects" / name if name else world.project
    assert (project / f"{first}.jsonl").exists()
    assert world.turn("x", "--resume", first).status == 0


@pytest.mark.parametrize(
    ("value", "place"),
    [("", "repo"), ("rel", "repo/rel"), ("~/cfg", "repo/~/cfg"), ("/ROOT/a/", "a"), (None, "home/.claude")],
)
def test_the_config_dir_is_taken_as_it_is_written(value: str | None, place: str, world: World) -> None:
    # Measured on 2.1.0 to 2.1.329: empty and relative values count from the working directory, ~ means nothing.
    env = world.env
    if value is None:
        del env["CLAUDE_CONFIG_DIR"]
    else:
        env["CLAUDE_CONFIG_DIR"] = value.replace("/ROOT", str(world.root))
    subprocess.run([world.cli.path, "-p", "x"], cwd=world.cwd, env=env, stdin=subprocess.DEVNULL, check=True)
    assert list((world.root / place / "projects").rglob("*.jsonl"))
    state = world.root / place if value else world.root / "home"
    assert (state / ".claude.json").exists()


def test_a_resume_through_a_link_finds_the_conversation(world: World) -> None:
    link = world.root / "link"
    link.symlink_to(world.cwd)
    first = world.turn(cwd=link).ids[0]
    assert world.path(first).exists()
    assert world.turn("x", "--resume", first).status == 0


@pytest.mark.parametrize(
    ("release", "text"),
    [("2.1.112", "uv_cwd"), ("2.1.329", "The current directory no longer exists (it was deleted or moved).")],
)
def test_a_working_directory_that_is_gone(release: str, text: str, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    gone = world.root / "gone"
    gone.mkdir()
    ran = world.turn(cwd=gone, wrap=["sh", "-c", 'rmdir "$PWD"; exec "$@"', "sh"])
    assert ran.status == 1
    assert text in ran.err
    assert world.cli.starts[0].cwd is None


@pytest.mark.parametrize(("release", "status"), [("2.1.0", 0), ("2.1.50", 1), ("2.1.112", 0)])
def test_one_release_refuses_to_run_inside_another(release: str, status: int, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    world.extra["CLAUDECODE"] = "1"
    ran = world.turn()
    assert ran.status == status
    assert ("cannot be launched inside another" in ran.err) == bool(status)


def test_the_clock_stands_in_records_and_files(world: World) -> None:
    from datetime import UTC, datetime

    then = datetime(2026, 3, 1, 12, 0, 0, 250_000, tzinfo=UTC)
    world.cli.set_now(then)
    first = world.turn().ids[0]
    stamps = {r["timestamp"] for r in world.records(first) if "timestamp" in r}
    assert stamps == {"2026-03-01T12:00:00.250Z"}
    assert world.path(first).stat().st_mtime == then.timestamp()
    assert world.cli.starts[0].now == then.timestamp()
    assert world.cli.starts[0].started_at > then.timestamp()
    world.cli.set_now(None)
    later = world.turn("x", "--resume", first)
    assert world.path(later.ids[0]).stat().st_mtime > then.timestamp()


@pytest.mark.parametrize(
    ("release", "number", "status"),
    [
        ("2.0.0", signal.SIGTERM, 143),
        ("2.1.329", signal.SIGTERM, 143),
        ("2.1.329", signal.SIGINT, 0),
        ("2.1.329", signal.SIGHUP, 129),
        ("2.1.0", signal.SIGHUP, -1),
    ],
)
def test_signals_during_a_turn(release: str, number: int, status: int, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    gate = world.cli.hold()
    inherited = signal.signal(number, signal.SIG_DFL)  # under nohup it is ignored, by children too
    process = world.start("-p", "hello", *STREAM)
    signal.signal(number, inherited)
    gate.wait_reached()
    running = world.config_dir / "sessions" / f"{process.pid}.json"
    assert running.exists() == (release == "2.1.329")
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == status
    assert not running.exists()
    assert world.cli.starts[0].outcome == ("running" if status == -1 else "interrupted")


@pytest.mark.parametrize(("release", "resumes"), [("2.1.50", False), ("2.1.112", True)])
def test_what_a_killed_turn_leaves(release: str, resumes: bool, make_world: Callable[..., World]) -> None:
    # Up to 2.1.50 nothing but queue operations is on disk before the answer: such an id cannot be resumed.
    world = make_world(release)
    gate = world.cli.hold()
    process = world.start("-p", "cut off", *STREAM)
    gate.wait_reached()
    process.kill()
    process.communicate()
    [path] = world.project.glob("*.jsonl")
    ran = world.turn("again", "--resume", path.stem)
    assert (ran.status == 0) == resumes
    if resumes:
        assert ran.frames[-1]["result"] == "reply to 3 messages"
        # What a dead process registered is swept away by the next one.
        assert not (world.config_dir / "sessions" / f"{process.pid}.json").exists()


def test_the_registry_of_running_processes(world: World) -> None:
    gate = world.cli.hold()
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    entry = json.loads((world.config_dir / "sessions" / f"{process.pid}.json").read_text())
    assert (entry["pid"], entry["cwd"], entry["status"]) == (process.pid, str(world.cwd), "busy")
    assert entry["sessionId"] == world.cli.starts[0].session_id
    assert entry["startedAt"] > 1e12
    gate.open()
    process.communicate(timeout=30)
    assert os.listdir(world.config_dir / "sessions") == []


def test_a_transcript_that_is_a_directory_is_no_conversation(world: World) -> None:
    first = world.turn().ids[0]
    world.path(OTHER).mkdir()
    ran = world.turn("x", "--resume", OTHER)
    told = "Failed to resume session: EISDIR: illegal operation on a directory, read\n"
    assert (ran.status, ran.err) == (1, told)
    assert world.turn("x", "--session-id", OTHER).err == f"Error: Session ID {OTHER} is already in use.\n"
    assert world.turn("x", "--resume", first).status == 0


def test_the_umask_is_respected_and_files_are_private(world: World) -> None:
    ran = world.turn(wrap=["sh", "-c", 'umask 000; exec "$@"', "sh"])
    assert stat.S_IMODE(world.path(ran.ids[0]).stat().st_mode) == 0o600


def test_nobody_reading_ends_the_start(world: World) -> None:
    gate = world.cli.hold()
    process = world.start("-p", "hello", *STREAM)
    gate.wait_reached()
    assert process.stdout is not None
    process.stdout.close()
    gate.open()
    process.communicate(timeout=30)
    assert process.returncode == 1
    assert world.cli.starts[0].outcome == "io_error"


def test_an_unknown_release_is_said_with_the_nearest(world: World) -> None:
    world.extra["CLAUDE_FAKE_RELEASE"] = "2.1.x"
    ran = world.turn()
    assert ran.status == 2
    assert "2.1." in ran.err.partition("nearest known one is")[2]


def test_commands_of_their_own_are_no_prompt(world: World) -> None:
    ran = world.run("mcp", "list")
    assert ran.status == 0
    assert not world.project.exists()
    assert world.cli.starts[0].outcome == "usage"


@pytest.mark.parametrize("told", [True, False])
def test_it_can_be_run_as_a_module(told: bool, world: World) -> None:
    # Without its variables it is the newest release and keeps no journal.
    env = {k: v for k, v in world.env.items() if told or not k.startswith("CLAUDE_FAKE")}
    env["PYTHONPATH"] = str(Path(__file__).parents[2])
    words = [sys.executable, "-m", "pytest_claude_sessions.claude", "-p", "hello"]
    done = subprocess.run(words, cwd=world.cwd, env=env, stdin=subprocess.DEVNULL, capture_output=True, check=True)
    assert done.stdout == b"reply to 2 messages\n"
    assert len(world.cli.starts) == told


@pytest.mark.parametrize(("release", "told"), [("2.1.329", False), ("2.1.330", True)])
def test_a_result_names_the_answers_that_were_begun(release: str, told: bool, make_world: Callable[..., World]) -> None:
    world = make_world(release)
    frames = world.turn("hello", "--include-partial-messages").frames
    begun = [f["event"]["message"]["id"] for f in frames if f.get("event", {}).get("type") == "message_start"]
    assert len(begun) == 1
    assert frames[-1].get("begun_message_ids") == (begun if told else None)
    world.cli.server_error()
    assert world.turn("hello", "--include-partial-messages").frames[-1].get("begun_message_ids") == (
        [] if told else None
    )
    assert "begun_message_ids" not in world.turn().frames[-1]
