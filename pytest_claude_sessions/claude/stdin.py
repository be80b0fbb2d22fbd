"""The whole of standard input, as the text input format reads it."""

from __future__ import annotations

import os
import select
import stat

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from .output import Output


def whole(wait_s: float | None, texts: Mapping[str, str], out: Output) -> str:
    """Read stdin to its end.

    :param wait_s: seconds after which a release goes on without a first byte; None waits for ever.
    :param texts: the release's; "no_stdin" is the warning it then prints.
    :returns: The text, "" when stdin is a terminal, closed or empty.
    """
    try:
        if os.isatty(0):
            return ""
        mode = os.fstat(0).st_mode
    except OSError:
        return ""
    if wait_s is not None and not stat.S_ISREG(mode) and not select.select([0], [], [], wait_s)[0]:
        out.error(texts["no_stdin"] + "\n")
        return ""
    parts = []
    while part := os.read(0, 1 << 20):
        parts.append(part)
    return b"".join(parts).decode("utf-8", "replace")
