"""One display of all that runs: bars on a terminal, plain lines elsewhere; always on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from benchmark.signs import Sign
from benchmark.suite.orders import Ending
from benchmark.suite.planning import Job

PLAIN_SECONDS = 30.0
_NAMED = 8  # trainings named in a plain line


@dataclass
class _Shown:
    """A job that runs."""

    title: str
    began: float = field(default_factory=time.monotonic)
    message: dict = field(default_factory=dict)
    bar: TaskID | None = None

    @property
    def left(self) -> float | None:
        return self.message.get('seconds_left')

    @property
    def rate(self) -> float:
        return 0.0 if self.message.get('doing') else self.message.get('images_per_second') or 0.0

    def note(self) -> str:
        message = self.message
        if message.get('doing'):
            return message['doing']
        if 'epoch' not in message:
            return 'begins'
        loss = '' if message['loss'] is None else f', loss {message["loss"]:.4g}'
        speed = f', {self.rate:.0f} images/s' if self.rate else ''
        return f'epoch {message["epoch"]}/{message["epochs"]}{loss}{speed}, {_duration(message["seconds_left"])} left'


class Display:
    """Shows experiments, epochs, images per second and the time left.

    Args:
        console: where to print; stderr by default, with bars if that is a terminal that can move its cursor, whatever
            colours are asked for.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console or Console(file=sys.stderr, highlight=False, force_terminal=sys.stderr.isatty())
        self._bars: Progress | None = None
        self._shown: dict[str, _Shown] = {}
        self._lasted: list[float] = []
        self._ended = 0
        self._jobs = 0

    @contextmanager
    def showing(self, jobs: int) -> Iterator[None]:
        """Show the progress of this many jobs."""
        self._jobs, self._ended, self._said = jobs, 0, time.monotonic()
        if not (self.console.is_interactive and jobs):  # bars would not be seen on TERM=dumb
            yield
            return
        note = TextColumn('{task.fields[note]}', markup=False)
        columns = (TextColumn('{task.description}', markup=False), BarColumn(), note)
        with Progress(*columns, console=self.console) as self._bars:
            self._all = self._bars.add_task('experiments', total=jobs, note='')
            yield
        self._bars = None

    def say(self, text: str) -> None:
        """Print one line, above the bars if there are any."""
        self.console.print(text, markup=False, soft_wrap=True)

    def start(self, job: Job, parts: int = 1) -> None:
        """Begin to show a job.

        Args:
            job: the job.
            parts: batches that each of its batches is divided into.
        """
        title = job.title if parts == 1 else f'{job.title} once more, its batches in {parts} parts'
        one = self._shown[job.fingerprint] = _Shown(title)
        if self._bars:
            one.bar = self._bars.add_task(title, total=job.experiment.epochs, note=one.note())
        else:
            self.say(f'{title}: begins')

    def progress(self, job: Job, message: dict) -> None:
        """Show a message of :class:`benchmark.suite.progress_hook.ProgressHook`."""
        one = self._shown[job.fingerprint]
        one.message = {**one.message, 'doing': None, **message}
        if self._bars and one.bar is not None:
            epochs = {'total': message['epochs'], 'completed': message['finished']} if 'epoch' in message else {}
            self._bars.update(one.bar, note=one.note(), **epochs)

    def tick(self) -> None:
        """Keep what is said of all of them up to date."""
        if self._bars:
            self._bars.update(self._all, completed=self._ended, note=self._summary())
        elif self._shown and time.monotonic() - self._said > PLAIN_SECONDS:
            self._said = time.monotonic()
            each = [f'{one.title}: {one.note()}' for one in self._shown.values()]
            more = [f'{len(each) - _NAMED} more'] if len(each) > _NAMED else []
            self.say('; '.join([self._summary(), *each[:_NAMED], *more]))

    def finish(self, job: Job, ending: Ending) -> None:
        """Close a job with its ending."""
        one = self.drop(job)
        title = job.title if one is None else one.title
        seconds = 0.0 if one is None else time.monotonic() - one.began
        if ending.outcome == 'done':
            self._lasted.append(seconds)
        self._ended += 1
        outcome = {'done': f'done in {_duration(seconds)}', 'failed': f'FAILED: {ending.reason}'}
        self.say(f'{title}: {outcome.get(ending.outcome, f"ends early: {ending.reason}")} [{self._ended}/{self._jobs}]')

    def drop(self, job: Job) -> _Shown | None:
        """Show a job no longer."""
        one = self._shown.pop(job.fingerprint, None)
        if one is not None and self._bars and one.bar is not None:
            self._bars.remove_task(one.bar)
        return one

    def leave(self, job: Job, sign: Sign) -> None:
        """Say that another command is at a job."""
        self.say(f'{job.title}: another command is at it, process {sign.pid} on {sign.host}')

    def _summary(self) -> str:
        running = list(self._shown.values())
        speed = sum(one.rate for one in running)
        left = self._seconds_left(running)
        return ', '.join(
            [
                f'{self._ended} of {self._jobs} done',
                f'{len(running)} running',
                *([f'{speed:.0f} images/s'] if speed else []),
                *([f'about {_duration(left)} left'] if left is not None else []),
            ]
        )

    def _seconds_left(self, running: list[_Shown]) -> float | None:
        """Of all jobs, if those that wait take as long as those that are known, as many at once as now."""
        known = [one for one in running if one.left is not None]
        if not known:
            return None
        lasting = self._lasted or [time.monotonic() - one.began + one.left for one in known]
        waiting = max(0, self._jobs - self._ended - len(running))
        typical = sum(lasting) / len(lasting)
        longest = max(one.left for one in known)
        return max(longest, (sum(one.left for one in known) + waiting * typical) / len(running))


def _duration(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
