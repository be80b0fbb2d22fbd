"""The events that hooks are for: which are told of in a release, to whom, and what comes back.

Hooks stand in the settings and are run by `hooks.run`; a host that drives the program over stdin can register its own.
"""

from __future__ import annotations

import os

from . import frames
from .forms import fill, new_uuid

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from .hooks import HookRun
    from .program import Program


# Measured on 1.0.128 to 2.1.329: these come before the host has said what it wants to hear, or after it hung up.
_NOT_THE_HOST_S = ("SessionStart", "SessionEnd")


def tell(program: Program, event: str, **values: Any) -> str | None:
    """Run the hooks of an event.

    :param event: "SessionStart", "UserPromptSubmit", "Stop", "StopFailure" or "SessionEnd".
    :param values: what the payload of that event holds besides what every one does.
    :returns: What a hook wants the model to go on with, None when none does.
    """
    form = program.behaviour["hooks"].get(event)
    hooks = program.settings.hooks(event) if form is not None else []
    host = program.host if program.host is not None and event not in _NOT_THE_HOST_S else None
    asked = host is not None and host.listens(event)
    if asked:
        form = program.behaviour["host_hooks"].get(event, form)
    if form is None or not (hooks or asked):
        return None
    session = program.session
    if event == "SessionStart" and program.behaviour["hook_life"]["start_tells"] == "started":
        session = program.finder.new(program.started)
    everyone = {
        "session_id": session.id,
        "transcript_path": session.path,
        "cwd": program.cwd,
        "permission_mode": program.permission_mode,
    }
    payload: dict[str, Any] = fill(form, {**everyone, **values})
    wanted = None
    if asked and host is not None:
        answers = host.call_hooks(event, payload)
        wanted = next((str(a.get("reason", "")) for a in answers if a.get("decision") == "block"), None)
    program.hook_trouble = False
    for hook in hooks:
        ran = _run(program, event, hook, payload, str(values.get("source", "")))
        if ran is not None and wanted is None:
            reason = ran.blocks()
            if reason is not None:
                # Exit status 2 is quoted with the command, a decision in JSON as it is.
                wanted = f"[{hook.get('command', '')}]: {ran.stderr}" if ran.status == 2 else reason
        if ran is not None and ran.status != 0:
            program.hook_trouble = event == "Stop" and bool(program.behaviour["hook_life"]["notifies"])
    if program.hook_trouble and wanted is None:
        program.out.frame(frames.stop_hook_trouble(session_id=session.id))
    return None if wanted is None else program.behaviour["hook_rules"]["feedback"] + wanted


def _make_env_dir(config_dir: str, session_id: str) -> None:
    """Make the directory in which a SessionStart hook may leave variables for the shells of the session."""
    try:
        os.makedirs(os.path.join(config_dir, "session-env", session_id), exist_ok=True)
    except OSError:
        return


def _run(program: Program, event: str, hook: dict[str, Any], payload: dict[str, Any], source: str) -> HookRun | None:
    from .hooks import DEFAULT_TIMEOUT_S, run

    rules, life = program.behaviour["hook_rules"], program.behaviour["hook_life"]
    if rules["needs_cwd"] and not os.path.isdir(program.cwd):
        return None
    environment = {**os.environ, "CLAUDE_PROJECT_DIR": program.cwd}
    environment.update(fill(rules["environment"], {"pid": str(os.getpid()), "session_id": program.session.id}))
    shown = rules["frames"] and (event == "SessionStart" or program.arguments.has("include-hook-events"))
    hook_id, name = new_uuid(), f"{event}:{source}" if source else event
    named = program.session.id
    if event == "SessionStart":
        if life["start_names"] == "started":
            named = program.started
        if life["env_dir"] is not None:
            _make_env_dir(program.config_dir, program.started if life["env_dir"] == "started" else program.session.id)
    if shown and rules["frames"] != "response":
        program.out.frame(frames.hook_started(session_id=named, event=event, name=name, hook_id=hook_id))
    ran = run(
        str(hook.get("command", "")),
        payload,
        cwd=program.cwd,
        environment=environment,
        timeout_s=float(hook.get("timeout", DEFAULT_TIMEOUT_S)),
    )
    if shown:
        program.out.frame(
            frames.hook_response(
                session_id=named,
                event=event,
                name=name,
                hook_id=hook_id,
                stdout=ran.stdout,
                stderr=ran.stderr,
                exit_code=1 if ran.status is None else ran.status,
            )
        )
    return ran
