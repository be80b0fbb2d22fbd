"""Managers that are broken in `retention`."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from typing import Any

from pytest_claude_sessions.manager import Installed, ManagerError
from pytest_claude_sessions.reference.manager import ReferenceManager

from . import Broken

KEY = "cleanupPeriodDays"


class Rewriting(ReferenceManager):
    """Installs what the reference does, and changes it afterwards."""

    def change(self, settings: dict[str, Any], days: Any) -> dict[str, Any]:
        return settings

    def text(self, settings: dict[str, Any]) -> str:
        return json.dumps(settings)

    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = self.change(json.loads(done.path.read_bytes()), retention_days)
            done.path.write_text(self.text(settings), "utf-8")
        return done


# ---------------------------------------------------------------- RET-01


class WritesText(Rewriting):
    def change(self, settings: dict[str, Any], days: Any) -> dict[str, Any]:
        return settings if days is None else {**settings, KEY: str(days)}


class WritesNull(Rewriting):
    def change(self, settings: dict[str, Any], days: Any) -> dict[str, Any]:
        return {**settings, KEY: days}


class KeepsTheFirst(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        path = self.environment.managed_settings_dir / "30-coder-lifecycle.json"
        return Installed(path) if path.exists() else super().install_lifecycle_settings(retention_days)


# ---------------------------------------------------------------- RET-02


class TakesZeroForNone(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        return super().install_lifecycle_settings(retention_days or None)


class TakesNumbersOfAnyKind(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        return super().install_lifecycle_settings(None if retention_days is None else int(retention_days))


class RemovesAndRefuses(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        try:
            return super().install_lifecycle_settings(retention_days)
        except ManagerError:
            (self.environment.managed_settings_dir / "30-coder-lifecycle.json").unlink(missing_ok=True)
            raise


# ---------------------------------------------------------------- RET-03


class GivesUp(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is None:
            raise ManagerError("unwritable", done.warnings[0])
        return done


class SkipsInSilence(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        return replace(super().install_lifecycle_settings(retention_days), warnings=())


class ClaimsThePath(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        return replace(done, path=self.environment.managed_settings_dir / "30-coder-lifecycle.json")


# ---------------------------------------------------------------- RET-04


class StampsTheTime(Rewriting):
    def change(self, settings: dict[str, Any], days: Any) -> dict[str, Any]:
        return {**settings, "installedAt": time.time_ns()}


class AddsHooksAgain(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        path = self.environment.managed_settings_dir / "30-coder-lifecycle.json"
        earlier = json.loads(path.read_bytes())["hooks"]["Stop"] if path.exists() else []
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = json.loads(path.read_bytes())
            settings["hooks"]["Stop"] += earlier
            path.write_text(json.dumps(settings))
        return done


class SweepsTheDirectory(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        for other in self.environment.managed_settings_dir.glob("*.json"):
            settings = json.loads(other.read_bytes())
            if settings.pop(KEY, None) is not None:
                other.write_text(json.dumps(settings))
        return super().install_lifecycle_settings(retention_days)


# ---------------------------------------------------------------- RET-05


class KeepsItPrivate(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            done.path.chmod(0o600)
        return done


class HooksWithoutMatchers(Rewriting):
    def change(self, settings: dict[str, Any], days: Any) -> dict[str, Any]:
        flat = {event: matchers[0]["hooks"] for event, matchers in settings["hooks"].items()}
        return {**settings, "hooks": flat}


class WithByteOrderMark(Rewriting):
    def text(self, settings: dict[str, Any]) -> str:
        return "\ufeff" + json.dumps(settings)


class HiddenFromClaude(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        if done.path is not None:
            settings = json.loads(done.path.read_bytes())
            done.path.write_text(json.dumps({**settings, "disableAllHooks": True}))
        return done


# ---------------------------------------------------------------- RET-06


class WarnsOfNothing(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        return replace(super().install_lifecycle_settings(retention_days), warnings=())


class WarnsAlways(ReferenceManager):
    def install_lifecycle_settings(self, retention_days: Any) -> Installed:
        done = super().install_lifecycle_settings(retention_days)
        return replace(done, warnings=("retention: an id may outlive its conversation",))


BROKEN = [
    Broken("RET-01", WritesText, "cleanupPeriodDays: '30'"),
    Broken("RET-01", WritesNull, "files with cleanupPeriodDays", subtle="one form of several"),
    Broken("RET-01", KeepsTheFirst, "install_lifecycle_settings(7) after others", subtle="the first time"),
    Broken("RET-02", TakesZeroForNone, "install_lifecycle_settings(0)", subtle="one form of several"),
    Broken("RET-02", TakesNumbersOfAnyKind, "install_lifecycle_settings(1.5)"),
    Broken("RET-02", RemovesAndRefuses, "after 30 days were installed", subtle="the word, not the deed"),
    Broken("RET-03", GivesUp, "unwritable"),
    Broken("RET-03", SkipsInSilence, "path = None, and a warning"),
    Broken("RET-03", ClaimsThePath, "path = None, and a warning", subtle="the word, not the deed"),
    Broken("RET-04", StampsTheTime, "the bytes of the first time"),
    Broken("RET-04", AddsHooksAgain, "the bytes of the first time", subtle="the first time"),
    Broken("RET-04", SweepsTheDirectory, "among other files", subtle="when alone"),
    Broken("RET-05", KeepsItPrivate, "readable for all", subtle="in one place"),
    Broken("RET-05", HooksWithoutMatchers, "not an object with a list of hooks"),
    Broken("RET-05", WithByteOrderMark, "no byte order mark"),
    Broken(
        "RET-05", HiddenFromClaude, "one more Stop hook in 30-coder-lifecycle.json", subtle="the word, not the deed"
    ),
    Broken("RET-06", WarnsOfNothing, "a warning that there is not with an age limit of"),
    Broken("RET-06", WarnsAlways, "a warning that there is not with an age limit of", subtle="the word, not the deed"),
]
