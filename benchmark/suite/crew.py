"""Carries out jobs, as many at once as there is room for, beside other commands that do the same."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from multiprocessing.connection import wait
from pathlib import Path

from benchmark.claims import take
from benchmark.errors import cannot_write
from benchmark.signs import Sign, look
from benchmark.suite.beginnings import abandoned
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.display import Display
from benchmark.suite.launcher import Running
from benchmark.suite.orders import ENDED, Ending, claim_of, holds_epoch
from benchmark.suite.planning import Job
from benchmark.suite.room import Room
from benchmark.suite.smaller import in_parts
from benchmark.suite.stored import finished_fingerprints, has_result

TICK_SECONDS = 0.2
BY_ANOTHER, BEFORE = 'by another command', 'before'  # how something came to be done that was not done here
_START_SECONDS = 30.0  # from the start of a process to its first epoch, and from its last to the result
_LOOK_SECONDS = 2.0  # between two looks at what other commands are at


class Crew:
    """Runs jobs in processes of their own.

    Args:
        places: folders.
        setup: device, and what the user has chosen.
        display: shows what runs.
    """

    def __init__(self, places: Places, setup: Setup, display: Display) -> None:
        self._places, self._setup, self._display = places, setup, display
        self._room = Room(setup)
        self._waiting: deque[tuple[Job, int]] = deque()
        self._elsewhere: dict[str, tuple[Job, int]] = {}
        self._running: list[Running] = []
        self._looked = 0.0
        self._longest = 0.0  # seconds of an epoch
        self._pausing = False
        self._paused = 0
        self._done = 0

    @property
    def unfinished(self) -> bool:
        """Whether there is work that has not come to its end, besides what other commands are at."""
        return bool(self._paused or self._waiting or self._running)

    @property
    def progressed(self) -> bool:
        """Whether an epoch, or a job, has come to its end."""
        return bool(self._longest or self._done)

    def run(self, jobs: Sequence[Job]) -> Iterator[tuple[Job, Ending]]:
        """Run jobs in their order, and say of each how it ended, as it ends.

        What another command is at is left to it, and done here where the other has not done it. A worker on a cluster
        does not wait for that: it is 'taken' in the end.

        Yields:
            A job, or the one that took its place with smaller batches, and its ending.
        """
        self._waiting.extend((job, 1) for job in jobs)
        try:
            while self._waiting or self._running or self._elsewhere:
                yield from self._start_some()
                yield from self._follow()
                yield from self._look_elsewhere()
        finally:
            self.stop()

    def left(self) -> list[Job]:
        """Jobs that have not ended, but for those that other commands are at, once nothing runs any more."""
        return [job for job, _ in self._waiting]

    def pause(self, seconds: float) -> None:
        """Ask all that runs to end after its epoch, wait, and end what has not.

        It may be called in the middle of anything, as by a signal; nothing is begun afterwards.

        Args:
            seconds: how long to wait at most.
        """
        self.ask_to_pause()
        deadline = time.monotonic() + seconds
        while any(not one.ended() for one in self._running) and time.monotonic() < deadline:
            time.sleep(TICK_SECONDS)
        self.stop()

    def ask_to_pause(self) -> None:
        """Ask all that runs to end after its epoch, and begin nothing more; it may be called as :meth:`pause` may."""
        self._pausing = True
        for running in self._running:
            running.ask_to_pause()

    def stop(self) -> None:
        """End all that runs, within some seconds; each goes on from its last checkpoint another time."""
        running, self._running = self._running, []
        for one in running:
            one.kill()
            self._note(one.job, 'stopped', 'the command was ended')
        self._waiting.extendleft((one.job, one.parts) for one in reversed(running))

    def _start_some(self) -> Iterator[tuple[Job, Ending]]:
        while self._waiting and self._out_of_time():
            reason = ENDED if self._pausing else 'the time that is left holds no other epoch'
            self._paused += 1
            yield self._waiting.popleft()[0], Ending('paused', reason)
        while self._waiting and self._room.has_room(len(self._running)):
            job, parts = self._waiting.popleft()
            sign = look(self._claim(job)) if job.seed is not None else None
            if job.seed is not None:
                if sign is not None and sign.alive:
                    self._leave(job, parts, sign)
                    continue
                if has_result(job, self._places.records):
                    yield job, Ending('done', BY_ANOTHER)
                    continue
                instead = self._took_its_place(job, parts, sign)
                if instead is not None:
                    yield instead, Ending('done', BEFORE)
                    continue
                if sign is not None and self._has_failed_meanwhile(sign):
                    yield job, Ending('failed', str(sign.note.get('reason')))
                    continue
            if parts == 1 and (line := _abandoned(job, self._places)):
                self._display.say(line)
            gpus = self._room.gpus([one.gpus for one in self._running])
            self._display.start(job, parts)
            threads, owner = self._room.threads, sign.number if sign is not None else 0
            try:
                self._running.append(Running(job, self._places, self._setup, threads, gpus, parts, owner))
            except OSError as error:
                reason = cannot_write(str(error.filename or self._places.work), error, '--work-dir')
                yield self._finished(job, Ending('failed', reason))
                continue
            if self._pausing:  # a signal has come while it was started
                self._running[-1].ask_to_pause()

    def _follow(self) -> Iterator[tuple[Job, Ending]]:
        waits = [one for running in self._running for one in running.waits_for]
        if waits:
            wait(waits, TICK_SECONDS)
        elif self._elsewhere:
            time.sleep(TICK_SECONDS)
        for running in list(self._running):
            for message in running.hear():
                self._display.progress(running.job, message)
                self._longest = max(self._longest, message.get('epoch_seconds') or 0.0)
            if running.ended():
                self._running.remove(running)
                yield from self._settle(running, running.ending())
            elif time.monotonic() - running.heard > self._setup.stalled_after:
                running.kill()
                self._running.remove(running)
                seconds = round(self._setup.stalled_after)
                yield from self._settle(running, Ending('failed', f'no progress for {seconds} s', stalled=True))
        self._display.tick()

    def _settle(self, running: Running, ending: Ending) -> Iterator[tuple[Job, Ending]]:
        """Tell of a job that has ended, or do it once more."""
        job, parts = running.job, running.parts
        if ending.outcome == 'taken':
            self._display.drop(job)
            self._leave(job, parts, look(self._claim(job)))
            return
        if ending.outcome != 'done' and job.seed is not None and has_result(job, self._places.records):
            ending = Ending('done')  # it was stored, whatever came after that
        if ending.outcome == 'failed' and self._pausing:
            # The signal that asks for a pause also goes to processes that it ends, as those that load images.
            ending = Ending('paused', ENDED)
            self._note(job, ending.outcome, ending.reason)
        self._paused += ending.outcome == 'paused'
        self._done += ending.outcome == 'done'
        yield self._finished(job, ending)
        again = self._once_more(job, parts, ending)
        if again is not None:
            self._waiting.appendleft((again, 2))

    def _once_more(self, job: Job, parts: int, ending: Ending) -> Job | None:
        """The same with batches in two parts, where memory ran out or nothing went on; None where that cannot help."""
        if not (ending.memory or ending.stalled) or parts > 1 or job.seed is None:
            return None
        return _in_two(job)

    def _took_its_place(self, job: Job, parts: int, sign: Sign | None) -> Job | None:
        """What has the result with smaller batches that this one had no memory for, if anything has."""
        if parts > 1 or sign is None or not sign.note.get('memory'):
            return None
        half = _in_two(job)
        return half if half is not None and has_result(half, self._places.records) else None

    def _finished(self, job: Job, ending: Ending) -> tuple[Job, Ending]:
        self._display.finish(job, ending)
        if ending.outcome == 'failed' and job.seed is not None:
            self._note(job, 'failed', ending.reason, ending.memory)
        return job, ending

    def _look_elsewhere(self) -> Iterator[tuple[Job, Ending]]:
        """Take back, or tell the end of, what other commands were at."""
        if not self._elsewhere or time.monotonic() - self._looked < _LOOK_SECONDS:
            return
        self._looked = time.monotonic()
        for key, (job, parts) in list(self._elsewhere.items()):
            sign = look(self._claim(job))
            if sign is not None and sign.alive:
                continue
            del self._elsewhere[key]
            if has_result(job, self._places.records):
                yield job, Ending('done', BY_ANOTHER)
            elif sign is not None and sign.note.get('outcome') == 'failed':
                yield job, Ending('failed', str(sign.note.get('reason')))
            else:
                self._waiting.append((job, parts))
        # A worker on a cluster does not keep its machine waiting for what others are at.
        leaves = self._setup.shift is not None or self._out_of_time()
        if leaves and not self._waiting and not self._running:
            for job, _ in self._elsewhere.values():
                yield job, Ending('taken')
            self._elsewhere.clear()

    def _has_failed_meanwhile(self, sign: Sign) -> bool:
        """Whether another worker on the same cluster has failed at it since all of them were given it."""
        shift = self._setup.shift
        return shift is not None and sign.note.get('outcome') == 'failed' and time.time() - sign.age > shift.since

    def _out_of_time(self) -> bool:
        """Whether no time is left for an epoch such as those that have been seen."""
        return self._pausing or not holds_epoch(self._setup.until, self._longest, _START_SECONDS)

    def _leave(self, job: Job, parts: int, sign: Sign | None) -> None:
        self._elsewhere[job.fingerprint] = job, parts
        if sign is not None and sign.alive:
            self._display.leave(job, sign)

    def _note(self, job: Job, outcome: str, reason: str, memory: bool = False) -> None:
        """Say in the claim of a process that has ended how, where it has not said so itself."""
        base = self._claim(job)
        sign = look(base)
        if job.seed is None or sign is None or sign.alive or sign.note.get('outcome') in ('done', outcome):
            return
        claim = take(base)
        if claim is not None:
            claim.release(keep=True, outcome=outcome, reason=reason, memory=memory)

    def _claim(self, job: Job) -> Path:
        return claim_of(self._places, job.name, job.seed, job.fingerprint)


def _in_two(job: Job) -> Job | None:
    """The same with each batch in two parts; None where that cannot be."""
    if job.experiment.config.train_dataloader.batch_size % 2:
        return None
    return replace(job, experiment=in_parts(job.experiment, 2))


def _abandoned(job: Job, places: Places) -> str | None:
    """One line on the unfinished training of a job that does not go on, and why; None where there is none."""
    if job.seed is None:
        return None
    finished = finished_fingerprints(job.name, job.seed, places.records)
    found = list(abandoned(job.name, job.seed, job.identity, places, finished))
    if not found:
        return None
    (folder, what), *older = found
    more = f' ({len(older)} older beside it)' if older else ''
    return (
        f'{job.title}: begins anew: the unfinished training in {folder}{more} is of another {what} '
        '(restore that to go on with it, or remove the folder)'
    )
