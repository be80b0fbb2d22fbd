"""Claude at work without the manager: a turn that somebody else starts, and hooks run as Claude runs them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .judgement import Breach
from .trial import Trial

TURN_TIMEOUT_S = 90.0
HOOK_TIMEOUT_S = 20.0


def take_turn(
    trial: Trial,
    prompt: str = "a prompt",
    *options: str,
    cwd: Path | None = None,
    variables: Mapping[str, str] | None = None,
    may_fail: bool = False,
) -> str | None:
    """Run the trial's program for one turn; the session id that it names.

    :param cwd: where, None for the trial's working directory
    :param variables: what its environment holds besides the trial's
    :param may_fail: whether a turn that fails is what is wanted
    """
    done = subprocess.run(
        turn_command(trial, prompt, *options),
        cwd=cwd or trial.environment.workdir,
        env={**trial.environment.env, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=TURN_TIMEOUT_S,
        check=False,
    )
    frames = [json.loads(line) for line in done.stdout.splitlines() if line.startswith(b"{")]
    result: dict[str, Any] = next((frame for frame in frames if frame.get("type") == "result"), {})
    if not may_fail and (done.returncode != 0 or result.get("is_error", True)):
        said = done.stderr.decode("utf-8", "replace").strip() or str(result.get("result") or result.get("errors"))
        raise RuntimeError(f"a turn of claude itself failed (exit status {done.returncode}): {said[-500:]}")
    return result.get("session_id")


def turn_command(trial: Trial, prompt: str, *options: str) -> list[str]:
    """The command line of such a turn."""
    claude = str(trial.environment.claude)
    return [claude, "-p", prompt, "--output-format", "stream-json", "--verbose", *options]


@dataclass(frozen=True, slots=True)
class HookEnd:
    """How a hook ended; the status is None for one that had to be killed."""

    status: int | None
    stdout: str
    stderr: str


def stop_commands(directory: Path, *, given: str) -> list[str]:
    """The command hooks that the managed settings have for the end of a turn.

    :param directory: of the managed settings
    :raises Breach: when there are none
    """
    commands: list[str] = []
    for file in sorted(directory.glob("*.json")):
        settings = json.loads(file.read_bytes())
        for matcher in settings.get("hooks", {}).get("Stop", ()):
            commands += [hook["command"] for hook in matcher["hooks"] if hook.get("type") == "command"]
    if not commands:
        raise Breach(given, "a Stop hook of the type command in the managed settings", f"none in {directory}")
    return commands


def run_stop_hooks(
    trial: Trial,
    *,
    home: Path | None = None,
    cwd_is_gone: bool = False,
    payload: Mapping[str, Any] | None = None,
    timeout_s: float = HOOK_TIMEOUT_S,
    given: str = "install_lifecycle_settings",
) -> list[HookEnd]:
    """Run the installed Stop hooks through `sh -c`, one after the other.

    :param home: of the user who runs Claude
    :param cwd_is_gone: remove the working directory just before
    :param payload: what the hook's object on stdin holds besides, or in the place of, what each has
    :param timeout_s: seconds until one is killed
    """
    cwd = trial.directory(f"hook {trial.new_id()}")
    told = {
        "session_id": trial.new_id(),
        "transcript_path": str(trial.environment.config_dir / "projects" / "p" / "t.jsonl"),
        "cwd": str(cwd),
        "permission_mode": "default",
        "hook_event_name": "Stop",
        "stop_hook_active": False,
        **(payload or {}),
    }
    variables = {"CLAUDE_PROJECT_DIR": str(cwd)}
    if home is not None:
        variables["HOME"] = str(home)
    ends = []
    for command in stop_commands(trial.environment.managed_settings_dir, given=given):
        words = ["sh", "-c", command]
        if cwd_is_gone:
            words = ["sh", "-c", 'rmdir -- "$1" && exec sh -c "$2"', "sh", str(cwd), command]
            cwd.mkdir(exist_ok=True)
        ends.append(_run_hook(words, cwd, {**trial.environment.env, **variables}, json.dumps(told), timeout_s))
    return ends


def _run_hook(words: list[str], cwd: Path, env: Mapping[str, str], payload: str, timeout_s: float) -> HookEnd:
    try:
        done = subprocess.run(
            words,
            cwd=cwd,
            env=env,
            input=payload.encode(),
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return HookEnd(None, "", "")
    return HookEnd(done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace"))
