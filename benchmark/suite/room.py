"""How many trainings there is room for: on the cores that nobody else needs, or on the GPUs."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence

import psutil

from benchmark.datasets.source import available_cores
from benchmark.suite.conditions import Setup

_FIRST_SECONDS = 0.3
_SECONDS = 10.0
FREE_BYTES = 2**30  # what has to be free before another training begins


class Room:
    """Room for trainings that run at once.

    On a CPU it is looked at again while trainings run: cores that others keep busy are left to them, but never are
    fewer than two trainings run where there are two cores, so that both sides of a comparison go on; each computes on a
    thread of its own, which shares a busy core fairly.

    Args:
        setup: device, and what the user has chosen.
    """

    def __init__(self, setup: Setup) -> None:
        self._setup = setup
        self._cores = available_cores()
        self._cpus = os.sched_getaffinity(0) if hasattr(os, 'sched_getaffinity') else None
        self._others = 0.0
        self._before = self._sample()

    @property
    def threads(self) -> int | None:
        """Threads of each training; None leaves them to PyTorch, on a GPU."""
        if self._setup.threads is not None:
            return self._setup.threads
        return 1 if self._setup.device == 'cpu' else None

    @property
    def most(self) -> int:
        """Most trainings that ever run at once."""
        if self._setup.jobs is not None:
            return self._setup.jobs
        if self._setup.device == 'cuda':
            return max(1, len(self._setup.gpus) // self._setup.processes) * self._setup.per_gpu
        return max(1, self._cores // (self.threads * self._setup.processes))

    def gpus(self, taken: Sequence[tuple[int, ...]]) -> tuple[int, ...]:
        """The GPUs that the next training gets: those that the fewest trainings have.

        Args:
            taken: those of the trainings that run.
        """
        gpus, count = self._setup.gpus, self._setup.processes
        groups = [gpus[first : first + count] for first in range(0, len(gpus) - count + 1, count)]
        return min(groups, key=list(taken).count, default=())

    def has_room(self, running: int) -> bool:
        """Whether another training may begin.

        Args:
            running: number of trainings that run.
        """
        if running >= self.most:
            return False
        if running == 0 or self._setup.jobs is not None or self._setup.device == 'cuda':
            return True
        if psutil.virtual_memory().available < FREE_BYTES:
            return False
        free = round(self._cores - self._busy_by_others())
        return running < max(min(2, self.most), free // (self.threads * self._setup.processes))

    def _busy_by_others(self) -> float:
        """Cores that others keep busy, on average since this was last looked at."""
        when, total, own = self._before
        if self._others == 0 and time.monotonic() - when < _FIRST_SECONDS:
            time.sleep(_FIRST_SECONDS)
        elif time.monotonic() - when < _SECONDS:
            return self._others
        self._before = self._sample()
        seconds = max(1e-3, self._before[0] - when)
        busy = self._before[1] - total - max(0.0, self._before[2] - own)
        self._others = min(float(self._cores), max(0.0, busy / seconds))
        return self._others

    def _sample(self) -> tuple[float, float, float]:
        """Time, and busy seconds of the cores that there are and of our own processes."""
        times = psutil.cpu_times(percpu=True)
        ours = times if self._cpus is None else [one for index, one in enumerate(times) if index in self._cpus]
        busy = sum(sum(one[:3]) + sum(getattr(one, name, 0.0) for name in ('irq', 'softirq')) for one in ours)
        own = 0.0
        me = psutil.Process()
        for process in (me, *me.children(recursive=True)):
            try:
                spent = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            # Children that have ended are counted by the process that waited for them.
            own += spent.user + spent.system + spent.children_user + spent.children_system
        return time.monotonic(), busy, own
