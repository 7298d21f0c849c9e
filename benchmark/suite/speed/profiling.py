"""What a step allocates, and how often it makes the host wait for the GPU."""

from __future__ import annotations

from collections.abc import Callable
from itertools import accumulate

import torch
from torch.profiler import ProfilerActivity, profile

MIB = 2**20
_WAITS = ('cudaStreamSynchronize', 'cudaDeviceSynchronize', 'cudaEventSynchronize')


def peak_mib(run: Callable[[], object], device: str) -> float:
    """Peak of what a call allocates beside what was there before, in MiB.

    Args:
        run: what to call; it is called twice, since the first call may leave something behind.
        device: 'cpu' or 'cuda'.
    """
    run()
    if device == 'cuda':
        torch.cuda.synchronize()
        torch.cuda.reset_peak_memory_stats()
        before = torch.cuda.memory_allocated()
        run()
        torch.cuda.synchronize()
        return (torch.cuda.max_memory_allocated() - before) / MIB
    with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiler:
        run()
    events = [event for event in profiler.profiler.kineto_results.events() if event.name() == '[memory]']
    sizes = (event.nbytes() for event in sorted(events, key=lambda event: event.start_ns()))
    return max(accumulate(sizes, initial=0)) / MIB


def synchronizations(run: Callable[[], object], device: str) -> int | None:
    """How often a call makes the host wait for the GPU; None on a CPU."""
    if device == 'cpu':
        return None
    run()
    torch.cuda.synchronize()
    with profile(activities=[ProfilerActivity.CPU, ProfilerActivity.CUDA]) as profiler:
        run()
    events = profiler.events()
    # The profiler itself waits once, for the device, when it stops.
    return max(sum(event.name in _WAITS for event in events) - 1, 0)
