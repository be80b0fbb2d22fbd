"""Two hosts on one machine: network namespaces, each with an address of its own and a server of execnet."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .environments import executable
from .pairs import Failed, inside_env

PORT = 8888


@contextlib.contextmanager
def hosts(root: Path, count: int = 2) -> Iterator[list[str]]:
    """Make them; gives what pytest-xdist's `--tx` takes. Only root may do that.

    :raises Failed: when the machine does not let us
    """
    ip = executable("ip")
    with contextlib.ExitStack() as undo:
        specs = []
        for number in range(1, count + 1):
            name, address = f"claude-bench-{number}", f"10.91.{number}.2"
            _run(ip, "netns", "add", name)
            undo.callback(_run, ip, "netns", "delete", name)
            inside = f"claude-b{number}"
            _run(ip, "link", "add", inside, "type", "veth", "peer", "name", "outside", "netns", name)
            _run(ip, "address", "add", f"10.91.{number}.1/30", "dev", inside)
            _run(ip, "link", "set", inside, "up")
            _run(ip, "-n", name, "address", "add", f"{address}/30", "dev", "outside")
            for device in ("outside", "lo"):
                _run(ip, "-n", name, "link", "set", device, "up")
            home = root / name
            home.mkdir(parents=True)
            argv = [ip, "netns", "exec", name, sys.executable, "-u", "-m", "execnet.script.socketserver"]
            server = subprocess.Popen(
                [*argv, f"{address}:{PORT}"],
                cwd=home,
                env=inside_env(),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
            )
            undo.callback(_end, server)
            assert server.stdout is not None
            if b"Entering Accept loop" not in server.stdout.readline():
                raise Failed(f"execnet's server in {name} did not begin to listen")
            specs.append(f"socket={address}:{PORT}")
        yield specs


def _run(*argv: str) -> None:
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"{' '.join(argv)}: {done.stderr.strip()} (network namespaces are root's)")


def _end(server: subprocess.Popen[bytes]) -> None:
    server.kill()
    server.wait()
    if server.stdout is not None:
        server.stdout.close()
