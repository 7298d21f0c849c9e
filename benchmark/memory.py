"""Memory: kept instead of fetched again for every batch, and how it is known that there was too little."""

from __future__ import annotations

import ctypes
import os
import re
from pathlib import Path

# glibc, malloc.h
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX = -1, -2, -4
# What PyTorch's allocators and libraries say, on GPU and CPU.
_TOO_LITTLE = re.compile(
    r'out of memory|not enough memory|can.t allocate memory|cannot allocate memory|ALLOC_FAILED', re.I
)


def keep_freed_memory() -> None:
    """Let this process reuse the memory of large arrays, and ask for it in large pages.

    By default glibc maps each large array anew and the system clears its pages one by one, which on a CPU takes longer
    than many of the computations on it: making a training sample takes 1.7 times as long. Call it before PyTorch is
    imported. Does nothing where the C library is another one.
    """
    os.environ.setdefault('THP_MEM_ALLOC_ENABLE', '1')  # PyTorch's
    libc = ctypes.CDLL(None) if os.name == 'posix' else None
    if hasattr(libc, 'mallopt'):
        libc.mallopt(_M_MMAP_MAX, 0)
        libc.mallopt(_M_TRIM_THRESHOLD, 2**31 - 1)
        libc.mallopt(_M_TOP_PAD, 64 * 2**20)


def is_out_of_memory(error: BaseException) -> bool:
    """Whether an exception says that memory ran out, of the GPU or of the system."""
    return isinstance(error, MemoryError) or (isinstance(error, RuntimeError) and bool(_TOO_LITTLE.search(str(error))))


def killed_for_memory() -> int:
    """How many processes the system has killed for want of memory since it was started; 0 where it does not say."""
    try:
        counters = Path('/proc/vmstat').read_text().split()
    except OSError:
        return 0
    return int(dict(zip(counters[::2], counters[1::2], strict=True)).get('oom_kill', 0))
