"""Managers that are broken in `idle`."""

from __future__ import annotations

import json
import os
import shlex
from typing import Any

from pytest_claude_sessions.manager import Installed
from pytest_claude_sessions.reference.idle import IdleState
from pytest_claude_sessions.reference.manager import ReferenceManager

from . import Broken


class Hooking(ReferenceManager):
    """Installs a Stop hook of its own besides what the reference needs to tell busy from idle."""

    ended = 'rm -f -- "$HOME/.claude-module/running/${CLAUDE_PID:-$PPID}" 2>/dev/null; '

    def stop(self) -> str:
        raise NotImplementedError

    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = json.loads(done.path.read_bytes())
            settings["hooks"]["Stop"] = [{"hooks": [{"type": "command", "command": self.ended + self.stop()}]}]
            done.path.write_text(json.dumps(settings))
        return done


# ---------------------------------------------------------------- IDL-01


class HooksWithARetentionAlone(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        return Installed(None) if retention_days is None else super().install_lifecycle_settings(retention_days)


class InstallsNoStopHook(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = json.loads(done.path.read_bytes())
            del settings["hooks"]["Stop"]
            done.path.write_text(json.dumps(settings))
        return done


class TouchesOnce(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; [ -e "$d/last-stop" ] || touch "$d/last-stop"; exit 0'


class TouchesTheInstallersHome(Hooking):
    def stop(self) -> str:
        home = shlex.quote(str(self.environment.home))
        return f"mkdir -p {home}/.claude-module; touch {home}/.claude-module/last-stop; exit 0"


# ---------------------------------------------------------------- IDL-02


class TouchesToTheSecond(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; touch -d "$(date +%Y-%m-%dT%H:%M:%S)" "$d/last-stop"; exit 0'


class KeepsTheOldStamp(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; : >>"$d/last-stop"; exit 0'


# ---------------------------------------------------------------- IDL-03


class ForgetsTheQuotes(Hooking):
    def stop(self) -> str:
        return "mkdir -p $HOME/.claude-module; touch $HOME/.claude-module/last-stop; exit 0"


class MakesNoDirectory(Hooking):
    def stop(self) -> str:
        return 'touch "$HOME/.claude-module/last-stop"; exit 0'


class GoesThroughTheWorkingDirectory(Hooking):
    def stop(self) -> str:
        touch = 'd="$HOME/.claude-module"; mkdir -p "$d"; touch "$d/last-stop"'
        return f'cd "$CLAUDE_PROJECT_DIR" || exit 0; {touch}; exit 0'


class EvaluatesTheName(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; touch "$d/last-stop"; eval ": \\"$d\\""; exit 0'


# ---------------------------------------------------------------- IDL-04


class FailsWithTheTouch(Hooking):
    def stop(self) -> str:
        return 'mkdir -p "$HOME/.claude-module" && touch "$HOME/.claude-module/last-stop"'


class WaitsForTheSentinel(Hooking):
    def stop(self) -> str:
        d = 'd="$HOME/.claude-module"; mkdir -p "$d"'
        return f'{d}; for n in 1 2 3 4 5 6; do touch "$d/last-stop" && [ -f "$d/last-stop" ] && exit 0; sleep 1; done'


class BlocksTheStop(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; touch "$d/last-stop" || exit 2'


# ---------------------------------------------------------------- IDL-05


class LooksAtTheSentinelAlone(ReferenceManager):
    def idle_state(self) -> IdleState:
        return "idle" if (self.environment.home / ".claude-module" / "last-stop").exists() else "unknown"


class IdleUnlessBusy(ReferenceManager):
    def idle_state(self) -> IdleState:
        state = super().idle_state()
        return "idle" if state == "unknown" else state


class BusyForEver(ReferenceManager):
    def idle_state(self) -> IdleState:
        running = self.environment.home / ".claude-module" / "running"
        return "busy" if running.is_dir() and os.listdir(running) else super().idle_state()


class GoesByTheAge(ReferenceManager):
    """A recent stop is idle, an old one must mean work."""

    def idle_state(self) -> IdleState:
        import time

        sentinel = self.environment.home / ".claude-module" / "last-stop"
        if not sentinel.exists():
            return "unknown"
        return "idle" if time.time() - sentinel.stat().st_mtime < 60 else "busy"


# ---------------------------------------------------------------- IDL-06


class IgnoresBackgroundTasks(Hooking):
    def stop(self) -> str:
        return 'd="$HOME/.claude-module"; mkdir -p "$d"; touch "$d/last-stop"; exit 0'


class TakesWordsForTasks(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = json.loads(done.path.read_bytes())
            [hook] = settings["hooks"]["Stop"][0]["hooks"]
            hook["command"] = hook["command"].replace('"background_tasks":\\[[^]]', "background_tasks")
            done.path.write_text(json.dumps(settings))
        return done


BROKEN = [
    Broken("IDL-01", InstallsNoStopHook, "turn 1 of Claude after the installation"),
    Broken("IDL-01", HooksWithARetentionAlone, "a settings file with the Stop hook", subtle="one form of several"),
    Broken("IDL-01", TouchesOnce, "turn 2 of Claude after the installation", subtle="the first time"),
    Broken("IDL-01", TouchesTheInstallersHome, "with HOME at another user's home", subtle="in one place"),
    Broken("IDL-02", TouchesToTheSecond, "a stop 10 ms after another", subtle="wrong unit"),
    Broken("IDL-02", KeepsTheOldStamp, "a stop where a sentinel is"),
    Broken("IDL-03", ForgetsTheQuotes, "a home called 'a home with spaces'"),
    Broken("IDL-03", MakesNoDirectory, "a stop in a home without ~/.claude-module"),
    Broken("IDL-03", GoesThroughTheWorkingDirectory, "a working directory that is gone", subtle="the usual case"),
    Broken("IDL-03", EvaluatesTheName, "files that running parts of the name would have made", subtle="the usual case"),
    Broken("IDL-04", FailsWithTheTouch, "exit status 0"),
    Broken("IDL-04", WaitsForTheSentinel, "its end within 1 s", subtle="until something fails"),
    Broken("IDL-04", BlocksTheStop, "exit status 0"),
    Broken("IDL-05", LooksAtTheSentinelAlone, "a turn running"),
    Broken("IDL-05", IdleUnlessBusy, "a home where nothing was installed"),
    Broken("IDL-05", BusyForEver, "a turn that was cut off", subtle="until a kill"),
    Broken("IDL-05", GoesByTheAge, "no turn running, the last stop 3600 s ago", subtle="the usual case"),
    Broken("IDL-06", IgnoresBackgroundTasks, "background tasks running"),
    Broken("IDL-06", TakesWordsForTasks, "a stop whose payload holds", subtle="one form of several"),
]
