"""One progress display: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn

from benchmark.suite.planning import Job

PLAIN_SECONDS = 30.0


class Display:
    """Shows experiments, epochs and the time left.

    Args:
        console: where to print; stderr by default.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False)
        self._bars: Progress | None = None

    @contextmanager
    def showing(self, jobs: int) -> Iterator[None]:
        """Show the progress of this many jobs."""
        self.jobs = jobs
        self._finished: list[float] = []
        if not (self.console.is_terminal and jobs):
            yield
            return
        note = TextColumn('{task.fields[note]}', markup=False)
        columns = (TextColumn('{task.description}', markup=False), BarColumn(), note)
        with Progress(*columns, console=self.console) as self._bars:
            self._all = self._bars.add_task('experiments', total=jobs, note='')
            self._one = self._bars.add_task('epochs', total=1, note='')
            yield
        self._bars = None

    def say(self, text: str) -> None:
        """Print one line, above the bars if there are any."""
        self.console.print(text, markup=False, soft_wrap=True)

    def start(self, job: Job) -> None:
        """Begin to show a job."""
        self._started = self._said = time.monotonic()
        self._title = f'[{len(self._finished) + 1}/{self.jobs}] {job.title}'
        self.say(self._title)

    def progress(self, message: dict) -> None:
        """Show a message of :class:`benchmark.suite.progress_hook.ProgressHook`."""
        left = message['seconds_left']
        elapsed = time.monotonic() - self._started
        typical = sum(self._finished) / len(self._finished) if self._finished else elapsed + left
        all_left = left + (self.jobs - len(self._finished) - 1) * typical
        loss = '' if message['loss'] is None else f', loss {message["loss"]:.4g}'
        note = f'epoch {message["epoch"]}/{message["epochs"]}{loss}, {_duration(left)} left'
        if self._bars:
            self._bars.update(self._one, total=message['epochs'], completed=message['finished'], note=note)
            self._bars.update(self._all, completed=len(self._finished), note=f'about {_duration(all_left)} left')
        elif time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            self.say(f'{self._title}: {note}; about {_duration(all_left)} for all')

    def finish(self, failure: str | None) -> None:
        """Close a job with its outcome."""
        seconds = time.monotonic() - self._started
        self._finished.append(seconds)
        self.say(f'{self._title}: ' + (f'FAILED: {failure}' if failure else f'done in {_duration(seconds)}'))
        if self._bars:
            self._bars.update(self._all, completed=len(self._finished))


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
