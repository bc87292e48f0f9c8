"""Keeps the C library's heap small. Python's own is no matter of this; other C libraries than glibc are left alone."""

import ctypes
import sys
from typing import Final

_ARENA_MAX: Final = -8
"""Its number in glibc's `mallopt`. Source: malloc.h"""


def _glibc() -> ctypes.CDLL | None:
    found = ctypes.CDLL(None) if sys.platform == "linux" else None
    return found if hasattr(found, "mallopt") and hasattr(found, "malloc_trim") else None


_LIBRARY: Final = _glibc()


def share_heap() -> None:
    """Have all threads use one heap: those of databases seldom work at once, and each heap keeps what is free in it."""
    if _LIBRARY is not None:
        _LIBRARY.mallopt(_ARENA_MAX, 1)


def give_back() -> None:
    """Give what is free in the heap back to the system, which takes about a millisecond."""
    if _LIBRARY is not None:
        _LIBRARY.malloc_trim(0)
