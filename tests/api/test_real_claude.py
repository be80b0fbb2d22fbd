"""The fake Messages API before the real program: what it says shows that it takes the answers for the API's own."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from pytest_claude_sessions.api import HOME_CALLS, MessagesApi


def bundled() -> Path | None:
    # Importing the SDK takes more than a second; its place is enough.
    spec = importlib.util.find_spec("claude_agent_sdk")
    places = spec.submodule_search_locations if spec is not None else None
    program = Path(next(iter(places))) / "_bundled" / "claude" if places else None
    return program if program is not None and os.access(program, os.X_OK) else None


CLAUDE = bundled()
pytestmark = pytest.mark.skipif(CLAUDE is None, reason="no claude-agent-sdk with a bundled claude is installed")


def turn(env: dict[str, str], home: Path, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    """One turn of the real program: its exit status and the frames that it wrote."""
    workdir = home / "repo"
    workdir.mkdir(exist_ok=True)
    done = subprocess.run(
        [str(CLAUDE), "-p", "hello", "--output-format", "stream-json", "--verbose", *arguments],
        env={
            "PATH": os.environ.get("PATH", os.defpath),
            "HOME": str(home),
            "CLAUDE_CONFIG_DIR": str(home / "config"),
            "IS_SANDBOX": "1",
            **env,
        },
        cwd=workdir,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.stdout, f"claude wrote nothing, exit {done.returncode}: {done.stderr}"
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()]


def result_of(frames: list[dict[str, Any]]) -> dict[str, Any]:
    assert [frame["type"] for frame in frames][-1] == "result", frames
    return frames[-1]


def test_a_turn_a_refused_key_and_a_usage_limit(tmp_path: Path) -> None:
    with MessagesApi(tolerate=HOME_CALLS) as api:
        api.reply("héllo ☃ 𝕏", pieces=4)
        code, frames = turn(api.environment(max_retries=0), tmp_path)
        assert (code, result_of(frames)["result"]) == (0, "héllo ☃ 𝕏")
        assert api.turns[0].session_id == frames[-1]["session_id"]
        assert api.turns[0].prompt == "hello"

        resumed = ("--resume", frames[-1]["session_id"])
        code, frames = turn(api.environment(max_retries=0), tmp_path, *resumed)
        assert (code, result_of(frames)["result"]) == (0, f"reply to {len(api.turns[1].messages)} messages")
        assert "héllo ☃ 𝕏" in json.dumps(api.turns[1].messages, ensure_ascii=False)

        api.unauthorized(times=None)
        code, frames = turn(api.environment(max_retries=0), tmp_path)
        assert (code, result_of(frames)["is_error"]) == (1, True)
        assert "Invalid API key" in result_of(frames)["result"]

        resets_at = datetime.now(UTC) + timedelta(hours=2)
        api.clear_answers().rate_limited(resets_at, times=None)
        code, frames = turn(api.environment(auth="oauth", max_retries=0), tmp_path)
        assert (code, result_of(frames)["is_error"]) == (1, True)
        assert "You've hit your limit · resets" in result_of(frames)["result"]
        (event,) = [frame for frame in frames if frame["type"] == "rate_limit_event"]
        assert event["rate_limit_info"]["resetsAt"] == int(resets_at.timestamp())

        api.assert_nothing_left()


def test_a_tool_that_the_answer_asks_for_is_used(tmp_path: Path) -> None:
    with MessagesApi(tolerate=HOME_CALLS) as api:
        api.tool_use("Bash", {"command": "echo ran-é", "description": "say"}, text="first")
        code, frames = turn(api.environment(max_retries=0), tmp_path, "--allowedTools", "Bash")
        assert code == 0
        (told,) = [frame["message"]["content"] for frame in frames if frame["type"] == "user"]
        assert (told[0]["type"], told[0]["content"]) == ("tool_result", "ran-é")
        assert len(api.turns) == 2
        api.assert_nothing_left()


@pytest.mark.parametrize("after", [0, 3])
def test_a_cut_connection_ends_the_turn_in_an_error(tmp_path: Path, after: int) -> None:
    with MessagesApi(tolerate=HOME_CALLS) as api:
        api.cut_connection(after, times=None)
        code, frames = turn(api.environment(max_retries=0), tmp_path)
        assert (code, result_of(frames)["is_error"]) == (1, True)
        assert "API Error" in result_of(frames)["result"]
        api.assert_nothing_left()


def test_what_the_program_sends_elsewhere_is_refused_and_named(tmp_path: Path) -> None:
    with MessagesApi() as api:
        talkative = {
            name: value for name, value in api.env.items() if not name.startswith(("DISABLE_", "CLAUDE_CODE_"))
        }
        code, frames = turn(talkative, tmp_path)
        assert (code, result_of(frames)["result"]) == (0, f"reply to {len(api.turns[-1].messages)} messages")
        assert api.escapes, "the program's telemetry was expected to be refused"
        assert {escape.process for escape in api.escapes} == {"child"}
        assert all("anthropic.com:" in escape.address for escape in api.escapes), api.escapes
