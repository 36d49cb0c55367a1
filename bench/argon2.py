"""Bare Argon2id through the system's libargon2, with the parameters of the service."""

from __future__ import annotations

import ctypes
import os
import re
import time

from bench.contenders import ROOT
from bench.processes import BenchError

_HEADER = ROOT / "libs" / "security" / "passwords" / "include" / "sallyport" / "passwords" / "argon2.hpp"


def parameters() -> tuple[int, int, int]:
    """Memory in KiB, passes, lanes: the defaults that the service is built with."""
    text = _HEADER.read_text()
    found = [re.search(rf"\b{name} = (\d+);", text) for name in ("memory_kib", "passes", "lanes")]
    if not all(found):
        raise BenchError(f"{_HEADER} does not state the parameters any more")
    memory, passes, lanes = (int(match[1]) for match in found if match)
    return memory, passes, lanes


def cpu_ms(seconds: float, password: bytes) -> float:
    """CPU milliseconds of one computation in this process, over about so many seconds."""
    try:
        hash_raw = ctypes.CDLL("libargon2.so.1").argon2id_hash_raw
    except OSError as error:
        raise BenchError("libargon2 is missing; run script/bootstrap build") from error
    memory, passes, lanes = parameters()
    out, salt = ctypes.create_string_buffer(32), os.urandom(16)

    def once() -> None:
        status = hash_raw(ctypes.c_uint32(passes), ctypes.c_uint32(memory), ctypes.c_uint32(lanes), password,
                          ctypes.c_size_t(len(password)), salt, ctypes.c_size_t(16), out, ctypes.c_size_t(32))
        if status != 0:
            raise BenchError(f"argon2 failed with {status}")

    once()  # the library is mapped and warm
    began, end, count = time.process_time(), time.monotonic() + seconds, 0
    while time.monotonic() < end:
        once()
        count += 1
    return (time.process_time() - began) * 1000 / count
