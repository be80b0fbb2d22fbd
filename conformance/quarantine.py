"""Checks of the capability `quarantine`: what Claude would refuse is set aside, everything else is left alone."""

from __future__ import annotations

from . import quarantine_danger, quarantine_move, quarantine_verdict

PARTS = (quarantine_move, quarantine_verdict, quarantine_danger)
"""The modules with the checks: how a transcript is moved, which one is, and where that is dangerous."""
