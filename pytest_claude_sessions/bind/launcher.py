"""The start of a child that sees a bind, or that runs without root's powers: set up, then exec.

Started as `python -I -S -c BOOT SPEC ARGV...`; SPEC is JSON: `{"bind": {"path", "writable"}}` makes the binds
in a user and mount namespace of the child's own, under its own uid; `{"unprivileged": true}` gives up all
capabilities, with `"uid"` and `"gid"` also the user. `{"mounts": [{"source", "target", "read_only"}...]}` makes a
container's mounts in a mount namespace of the child's own, `{"managed": {"directory", "scratch"}}` puts a directory in
the place of the machine's managed settings there.
"""

from __future__ import annotations

import json
import os
import sys
import warnings  # noqa: F401  # os.execvp imports it, and an unprivileged user may not reach the standard library
from collections.abc import Mapping, Sequence
from typing import Any

from .unavailable import Refused

_BOOT = "import sys; sys.path.insert(0, {root!r}); from {module} import main; main(sys.argv[1:])"


def launch_prefix(spec: Mapping[str, Any]) -> list[str]:
    """What to put before a child's argv so that it starts under a spec."""
    root = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    boot = _BOOT.format(root=root, module=__name__)
    return [sys.executable, "-I", "-S", "-c", boot, json.dumps(dict(spec))]


def main(arguments: Sequence[str]) -> None:
    """Set up as the spec says and become the program; status 126 or 127 and one line when that fails."""
    spec, argv = json.loads(arguments[0]), list(arguments[1:])
    try:
        if "bind" in spec:
            _bind_in_own_user_namespace(**spec["bind"])
        if "mounts" in spec or "managed" in spec:
            _enter_own_mount_namespace(spec.get("mounts", ()), spec.get("managed"))
        if spec.get("unprivileged"):
            _become_unprivileged(spec.get("uid"), spec.get("gid"))
    except (OSError, Refused) as error:
        sys.exit(_complaint(f"cannot set up: {error}", 126))
    try:
        os.execvp(argv[0], argv)
    except OSError as error:
        sys.exit(_complaint(f"user {os.geteuid()} cannot start {argv[0]}: {error.strerror}", 127))


def _bind_in_own_user_namespace(path: str, writable: list[str]) -> None:
    from . import mount, namespace

    namespace.enter(as_root=False)
    mount.bind_read_only(path, writable)


def _enter_own_mount_namespace(mounts: Sequence[Mapping[str, Any]], managed: Mapping[str, str] | None) -> None:
    from . import namespace

    namespace.enter()
    namespace.bind_all(mounts)
    if managed is not None:
        namespace.show_managed_settings(**managed)


def _become_unprivileged(uid: int | None, gid: int | None) -> None:
    from . import capability

    if gid is not None:
        os.setgroups([])
        os.setgid(gid)
    if uid is not None and uid != os.geteuid():
        os.setuid(uid)  # which gives up the capabilities as well
    elif capability.overrules_permissions():
        capability.give_up_all_for_good()


def _complaint(text: str, status: int) -> int:
    print(f"pytest-claude-sessions: {text}", file=sys.stderr, flush=True)
    return status
