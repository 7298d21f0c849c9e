"""Checkpoints of a training: written seldom enough to cost next to nothing, and whenever it is to end."""

from __future__ import annotations

import math
import os
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from mmengine.hooks import Hook

from benchmark.errors import BenchmarkError, Paused
from benchmark.suite.checkpoints import prune_checkpoints
from benchmark.suite.peers import first_decides

# Between two checkpoints lies so many times what writing one takes: at most 2 % of the time goes into them.
SPACING = 50.0
SPACING_VARIABLE = 'BENCHMARK_CHECKPOINT_SPACING'
KEPT = 2
PARTIAL = '.checkpoint.partial'  # not named like a checkpoint; the next one is written over what a kill leaves of it


class SpacedCheckpointHook(Hook):
    """Writes checkpoints after epochs, and ends the training after one where it is asked to.

    A checkpoint is written after the first epoch of this process, after the last one, before the training ends early,
    and else where the last one lies far enough back. The two newest complete ones stay, and whatever ends a write
    leaves those that were there.

    Args:
        stop: asked after each epoch but the last, in the first of several processes, with the seconds of the longest
            of the last five epochs, validation and checkpoint included; returns why the training is to end, in one
            line, or None.
        spacing: least time between two checkpoints, as a multiple of what writing the last one took; 0 writes one
            after every epoch. None: as the environment says, or 50.

    Raises:
        BenchmarkError: the environment variable holds no such number.
    """

    priority = 'VERY_LOW'

    def __init__(self, stop: Callable[[float], str | None], spacing: float | None = None) -> None:
        self.stop = stop
        self.spacing = spacing_from_environment() if spacing is None else spacing
        self._epochs: deque[float] = deque(maxlen=5)
        self._began: float | None = None  # of the epoch
        self._due = -math.inf
        self._written: int | None = None

    def before_train_epoch(self, runner) -> None:
        """Start the clock, once; each epoch then lasts until the end of the next one."""
        if self._began is None:
            self._began = time.perf_counter()

    def after_train_epoch(self, runner) -> None:
        """Write a checkpoint if it is time.

        The other processes wait until it is on disk: what has ended early takes those that are left along.

        Raises:
            Paused: the training is to end.
            OSError: the checkpoint cannot be written; those before it stay.
        """
        reason = first_decides(lambda: self._end_epoch(runner))
        if reason is not None:
            raise Paused(reason)  # at once: a validation that is due is made when the training goes on

    def after_train(self, runner) -> None:
        """Write what another hook has made the last epoch."""
        if self._written is not None and self._written < runner.epoch:
            self._write(runner, runner.epoch)

    def _end_epoch(self, runner) -> str | None:
        now = time.perf_counter()
        self._epochs.append(now - self._began)
        self._began = now
        last = self.is_last_train_epoch(runner)
        reason = None if last else self.stop(max(self._epochs))
        if last or reason is not None or now >= self._due:
            self._write(runner, runner.epoch + 1)
            written = time.perf_counter()
            self._due = written + self.spacing * (written - now)
        return reason

    def _write(self, runner, epoch: int) -> None:
        folder = Path(runner.work_dir)
        partial = folder / PARTIAL
        try:
            runner.save_checkpoint(str(folder), PARTIAL, meta={'epoch': epoch, 'iter': runner.iter})
            with partial.open('rb') as file:
                os.fsync(file.fileno())
            os.replace(partial, folder / f'epoch_{epoch}.pth')
        except BaseException:
            partial.unlink(missing_ok=True)
            raise
        self._written = epoch
        prune_checkpoints(folder, KEPT)


def spacing_from_environment() -> float:
    """Least time between two checkpoints, as a multiple of what writing one takes.

    Raises:
        BenchmarkError: the variable holds something else than a finite number that is not negative.
    """
    text = os.environ.get(SPACING_VARIABLE, str(SPACING))
    try:
        spacing = float(text)
    except ValueError:
        spacing = math.nan
    if not 0 <= spacing < math.inf:
        raise BenchmarkError(f'{SPACING_VARIABLE}={text}: not a number from 0 on (give one, or unset it)')
    return spacing
