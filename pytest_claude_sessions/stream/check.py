"""`python -m pytest_claude_sessions.stream.check FILE...`: does the installed SDK still parse these recordings?

Every frame goes through the SDK's own parser, and what comes of it is compared with what came of it when the recording
was made. Exit status 0 when all is as it was, 1 when a frame is refused or read as something else, 2 when a file is no
recording or there is no SDK.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ..claude.recording import BadRecording, Recording
from .typed import PASSED_OVER, installed, type_of

if TYPE_CHECKING:
    from collections.abc import Sequence


def changes(recording: Recording) -> list[str]:
    """What the installed SDK makes otherwise of a recording's frames, a line for each."""
    sdk = installed()
    now_with = f"claude-agent-sdk {sdk.version}" if sdk is not None else "no SDK"
    found = []
    for number, event in recording.events:
        frame = event.get("out")
        if frame is None or event.get("as") is None:
            continue
        before, now = event["as"], type_of(frame)
        if now != before and not (before == PASSED_OVER and now is not None and ": " not in now):
            kind = "/".join(str(frame[name]) for name in ("type", "subtype") if name in frame)
            found.append(
                f"{recording.path}:{number}: {kind} was {before} with claude-agent-sdk {recording.about.get('sdk')}, "
                f"is {now} with {now_with}"
            )
    return found


def main(paths: Sequence[str]) -> int:
    """Check files; returns the exit status."""
    if not paths:
        print("usage: python -m pytest_claude_sessions.stream.check FILE...", file=sys.stderr)
        return 2
    if installed() is None:
        print("claude-agent-sdk is not installed: pip install pytest-claude-sessions[sdk]", file=sys.stderr)
        return 2
    worst = 0
    for path in paths:
        try:
            recording = Recording.read(path)
        except BadRecording as bad:
            print(bad, file=sys.stderr)
            worst = 2
            continue
        found = changes(recording)
        for line in found:
            print(line)
        worst = max(worst, int(bool(found)))
        if not found:
            print(f"{path}: {len(recording.events)} events, all parsed as when it was recorded")
    return worst


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
