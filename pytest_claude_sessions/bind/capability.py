"""Root's powers over file permissions (Linux capabilities), given up for a thread or for a child."""

from __future__ import annotations

import os
import struct
from collections.abc import Callable

from .mount import call
from .unavailable import Refused

CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER = 0, 1, 2, 3
CAP_LAST = 63

_OVERRIDES = (CAP_CHOWN, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, CAP_FOWNER)
_VERSION_3 = 0x20080522
_PR_CAPBSET_READ, _PR_CAPBSET_DROP = 23, 24
_PR_GET_SECUREBITS, _PR_SET_SECUREBITS = 27, 28
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL = 47, 4
_SECBIT_NOROOT = 1


def overrules_permissions() -> bool:
    """Whether this thread may write where the modes forbid it, as root may."""
    try:
        effective, _, _ = _get()
    except (OSError, Refused):
        return os.geteuid() == 0
    return bool(effective >> CAP_DAC_OVERRIDE & 1)


def give_up_overrides() -> Callable[[], None]:
    """Take from the calling thread, and the threads and children that it starts, what overrules permissions.

    The user stays the same. Returns the function that brings it back; it is to be called in the same thread.
    Raises Refused, with nothing changed, when the kernel forbids it.
    """
    effective, permitted, inheritable = _get()
    mask = sum(1 << number for number in _OVERRIDES)
    try:
        bits = _prctl(_PR_GET_SECUREBITS)
        _prctl(_PR_SET_SECUREBITS, bits | _SECBIT_NOROOT)  # or a child of root would get all back at exec
    except OSError as error:
        raise _cannot(error) from None
    _set(effective & ~mask, permitted, inheritable & ~mask)

    def bring_back() -> None:
        _set(effective, permitted, inheritable)
        _prctl(_PR_SET_SECUREBITS, bits)

    return bring_back


def give_up_all_for_good() -> None:
    """For a child just before its exec: no capability now, none after any exec."""
    for number in range(CAP_LAST + 1):
        try:
            if _prctl(_PR_CAPBSET_READ, number) == 1:
                _prctl(_PR_CAPBSET_DROP, number)
        except OSError as error:
            if number > CAP_FOWNER:
                break  # above the last one that this kernel knows
            raise _cannot(error) from None
    _prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_CLEAR_ALL)
    _set(0, 0, 0)


def _cannot(error: OSError) -> Refused:
    return Refused(f"root's powers cannot be given up ({error.strerror}, it takes CAP_SETPCAP)")


def _get() -> tuple[int, int, int]:
    """Effective, permitted and inheritable capabilities of the calling thread, as bit masks."""
    import ctypes

    data = ctypes.create_string_buffer(24)
    call("capget", ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0)), data)
    low = struct.unpack("=6I", data.raw)
    return low[0] | low[3] << 32, low[1] | low[4] << 32, low[2] | low[5] << 32


def _set(effective: int, permitted: int, inheritable: int) -> None:
    import ctypes

    sets = (effective, permitted, inheritable)
    data = struct.pack("=6I", *(mask & 0xFFFFFFFF for mask in sets), *(mask >> 32 for mask in sets))
    header = ctypes.create_string_buffer(struct.pack("=Ii", _VERSION_3, 0))
    call("capset", header, ctypes.create_string_buffer(data, len(data)))


def _prctl(option: int, *arguments: int) -> int:
    import ctypes

    padded = [*arguments, 0, 0, 0, 0][:4]
    return call("prctl", option, *(ctypes.c_ulong(argument) for argument in padded))
