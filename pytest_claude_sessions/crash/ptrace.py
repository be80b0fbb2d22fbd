"""ptrace(2) of Linux on x86-64: following processes, reading their system calls, refusing one."""

from __future__ import annotations

import ctypes
import functools
import os
import platform
import signal
import struct
import sys
from dataclasses import dataclass

_SEIZE, _INTERRUPT, _LISTEN = 0x4206, 0x4207, 0x4208
_SYSCALL, _DETACH, _POKEUSER, _SYSCALL_INFO = 24, 17, 6, 0x420E
_SYSGOOD, _FORK, _VFORK, _CLONE, _EXEC, _EXITKILL = 0x1, 0x2, 0x4, 0x8, 0x10, 0x100000
_OPTIONS = _SYSGOOD | _FORK | _VFORK | _CLONE | _EXEC | _EXITKILL
EVENT_EXEC, EVENT_STOP = 4, 128
WALL = 0x40000000
SYSCALL_STOP = signal.SIGTRAP | 0x80
_X86_64 = 0xC000003E
_RAX, _ORIG_RAX = 10 * 8, 15 * 8
_LONGEST_PATH = 4096


class NoTracing(Exception):
    """This machine does not let processes be traced; the reason says why."""


@functools.cache
def _ptrace() -> ctypes._NamedFuncPointer:
    function = ctypes.CDLL(None, use_errno=True).ptrace
    function.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    function.restype = ctypes.c_long
    return function


def _call(request: int, pid: int, address: int = 0, data: int = 0) -> int:
    result = int(_ptrace()(request, pid, address, data))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return result


@dataclass(frozen=True, slots=True)
class Entry:
    """A system call that is about to be made."""

    number: int
    arguments: tuple[int, ...]


def check_machine() -> None:
    """See that a child can be traced here.

    :raises NoTracing: with the reason
    """
    if sys.platform != "linux" or platform.machine() != "x86_64":
        here = f"{sys.platform} on {platform.machine()}"
        raise NoTracing(f"system calls are traced on Linux on x86-64 alone, and this is {here}")
    waiting, go = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.read(waiting, 1)
        os._exit(0)
    try:
        seize(pid)
    except OSError as error:
        raise NoTracing(f"ptrace is refused here: {error.strerror}") from error
    finally:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        os.close(waiting)
        os.close(go)


def seize(pid: int) -> None:
    """Follow a process and all that it starts from now on; they end with this process."""
    _call(_SEIZE, pid, 0, _OPTIONS)


def interrupt(pid: int) -> None:
    """Stop a followed process."""
    _call(_INTERRUPT, pid)


def go_on(pid: int, number: int = 0) -> None:
    """Let a stopped one run to its next system call, its entry or its end.

    :param number: of a signal that it is to get
    """
    _call(_SYSCALL, pid, 0, number)


def listen(pid: int) -> None:
    """Leave one that was stopped by a signal stopped."""
    _call(_LISTEN, pid)


def detach(pid: int) -> None:
    """Follow it no longer."""
    _call(_DETACH, pid)


def entry(pid: int) -> Entry | None:
    """The system call at whose entry a process is stopped; None at its end, or for one of another architecture."""
    buffer = ctypes.create_string_buffer(88)
    _call(_SYSCALL_INFO, pid, len(buffer), ctypes.addressof(buffer))
    kind, arch = struct.unpack_from("=B3xI", buffer.raw)
    if kind != 1 or arch != _X86_64:
        return None
    number, *arguments = struct.unpack_from("=Q6Q", buffer.raw, 24)
    return Entry(number, tuple(arguments))


def refuse(pid: int) -> None:
    """Keep the call at whose entry a process is stopped from being made."""
    _call(_POKEUSER, pid, _ORIG_RAX, -1)


def give(pid: int, result: int) -> None:
    """What the call gives at whose end a process is stopped."""
    _call(_POKEUSER, pid, _RAX, result)


def text_at(pid: int, address: int) -> str:
    """The path at an address of a stopped process; empty where there is none."""
    if not address:
        return ""
    data = b""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        while b"\0" not in data and len(data) < _LONGEST_PATH:
            # Not across a page: the next one need not be there.
            at = address + len(data)
            memory.seek(at)
            data += memory.read(min(256, 4096 - at % 4096))
    return os.fsdecode(data.partition(b"\0")[0])


def number_at(pid: int, address: int) -> int:
    """The 64-bit number at an address of a stopped process."""
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
        memory.seek(address)
        return int.from_bytes(memory.read(8), "little")
