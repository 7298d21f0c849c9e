"""Starts a job in processes of its own, follows them, and survives whatever becomes of them."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, suppress
from multiprocessing.process import BaseProcess
from pathlib import Path

import torch

from benchmark.errors import UsageError
from benchmark.memory import killed_for_memory
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.orders import Ending, Order, log_of
from benchmark.suite.planning import Job
from benchmark.suite.rendezvous import rendezvous
from benchmark.suite.starting import context_for, environment_for, started_with
from benchmark.suite.worker import work

STOP_SECONDS = 2.0
_UNKNOWN = 255  # status where the process that started the copies has gone
GRACE_SECONDS = 5.0


def pick_device(wanted: str) -> str:
    """'cpu' or 'cuda' for 'auto', 'cpu' or 'cuda'.

    Raises:
        UsageError: 'cuda' is wanted and there is none.
    """
    if wanted == 'cuda' and not torch.cuda.is_available():
        raise UsageError('--device cuda: no CUDA device found (check the driver, or use --device cpu)')
    return 'cuda' if wanted == 'cuda' or (wanted == 'auto' and torch.cuda.is_available()) else 'cpu'


def pick_gpus(wanted: tuple[int, ...] | None, device: str) -> tuple[int, ...]:
    """Numbers of the GPUs to use, as they are visible to this process; none on a CPU.

    Raises:
        UsageError: one is wanted that there is not.
    """
    there = range(torch.cuda.device_count()) if device == 'cuda' else range(0)
    absent = [str(one) for one in wanted or () if one not in there]
    if absent:
        raise UsageError(f'--gpus: no CUDA device {", ".join(absent)} ({len(there)} found, counted from 0)')
    return tuple(there) if wanted is None else wanted


def check_processes(setup: Setup, jobs: Iterable[Job] = ()) -> None:
    """Refuse more processes than there are GPUs, or images in a batch.

    Raises:
        UsageError: one line naming both numbers.
    """
    given = f'--processes {setup.processes}'
    if setup.device == 'cuda' and setup.processes > len(setup.gpus):
        raise UsageError(f'{given}: only {len(setup.gpus)} CUDA devices found (each process needs one)')
    for job in jobs:
        batch = job.experiment.config.train_dataloader.batch_size
        if setup.processes > batch:
            raise UsageError(f'{given}: {job.experiment.path} has batches of {batch} images (choose fewer processes)')


class Running:
    """A job that runs in a process of its own, or in several that share it.

    Args:
        job: what to run.
        places: folders.
        setup: device and number of processes.
        threads: threads of each process; None leaves them to PyTorch.
        gpus: GPUs of the processes, as they are visible to this one.
        parts: batches that each batch is divided into.
        owner: see :class:`Order`.

    Raises:
        OSError: the work folder cannot be written to, or no process can be started.
    """

    def __init__(
        self,
        job: Job,
        places: Places,
        setup: Setup,
        threads: int | None,
        gpus: tuple[int, ...],
        parts: int = 1,
        owner: int = 0,
    ) -> None:
        self.job, self.gpus, self.parts = job, gpus, parts
        self.heard = time.monotonic()
        self._places = places
        self._endings: list[Ending] = []
        self._status, self._failed = 0, 0.0
        self._killed_before = killed_for_memory()
        self._stack = ExitStack()
        self.log = log_of(places, job.name, job.seed)
        self.log.parent.mkdir(parents=True, exist_ok=True)
        self.log.open('ab').close()
        self._members: list[tuple[BaseProcess, multiprocessing.connection.Connection]] = []
        context = context_for(setup.device)
        try:
            for rank in self._stack.enter_context(rendezvous(setup.processes)):
                environment = environment_for(setup.device, threads, gpus) | rank
                order = _order(job, places, setup, threads, environment, parts, owner)
                ours, theirs = context.Pipe()
                process = context.Process(target=work, args=(order, theirs))
                with theirs, started_with(environment):
                    process.start()
                self._members.append((process, ours))
        except BaseException:
            self.kill()
            raise

    @property
    def waits_for(self) -> list[object]:
        """What becomes ready when there is something to hear."""
        return [one for process, line in self._members for one in (process.sentinel, line)]

    def hear(self) -> Iterator[dict]:
        """Progress messages that have come."""
        for _, line in self._members:
            # A process that is killed while it writes leaves half a message.
            with suppress(EOFError, OSError):
                while line.poll():
                    message = line.recv()
                    self.heard = time.monotonic()
                    if 'ending' in message:
                        self._endings.append(Ending(**message['ending']))
                        break
                    yield message

    def ended(self) -> bool:
        """Whether all processes have ended; where one has failed, the others are ended some seconds later."""
        statuses = [process.exitcode for process, _ in self._members]
        if self._status == 0 and any(statuses):
            self._status, self._failed = next(filter(None, statuses)), time.monotonic()
        if None not in statuses:
            return True
        if self._status and time.monotonic() - self._failed > GRACE_SECONDS:  # enough to end by themselves
            self.kill()
        return False

    def ending(self) -> Ending:
        """How it ended, once it has."""
        for _ in self.hear():
            pass
        self._stack.close()
        if not self._status:
            return Ending('done')
        if self._status < 0:  # the cause; what others say of one that was killed is not
            return self._ending_of_killed(-self._status)
        said = next((one for one in self._endings if one.outcome != 'done'), None)
        if said is None:
            return Ending('failed', f'ended with status {self._status}{self._see_log}')
        if said.outcome != 'failed':
            return said
        return Ending('failed', said.reason + self._see_log, said.memory)

    def ask_to_pause(self) -> None:
        """Ask it to end after the epoch that it is at."""
        with suppress(OSError):  # it has just ended
            self._members[0][1].send('pause')

    def kill(self) -> None:
        """End its processes, and those that they have started."""
        for process, _ in self._members:
            if process.exitcode in (None, _UNKNOWN):
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                with suppress(ProcessLookupError):  # it has no group of its own yet
                    os.kill(process.pid, signal.SIGKILL)
        for process, _ in self._members:
            process.join(STOP_SECONDS)
        self._stack.close()

    @property
    def _see_log(self) -> str:
        return f' (log: {_relative(self.log)})'

    def _ending_of_killed(self, number: int) -> Ending:
        if number == signal.SIGKILL and killed_for_memory() > self._killed_before:
            return Ending('failed', f'out of memory: the system has ended it{self._see_log}', memory=True)
        if number == signal.SIGBUS:
            why = 'ended by SIGBUS, as when shared memory is full (enlarge /dev/shm, or set num_workers=0)'
            return Ending('failed', why + self._see_log)
        return Ending(
            'failed', f'ended by {signal.Signals(number).name} (the same command continues it){self._see_log}'
        )


def _order(
    job: Job, places: Places, setup: Setup, threads: int | None, environment: dict[str, str], parts: int, owner: int
) -> Order:
    return Order(
        config=job.experiment.path,
        name=job.name,
        seed=job.seed,
        fingerprint=job.fingerprint,
        device=setup.device,
        threads=threads,
        places=places,
        folder=Path.cwd(),
        environment=environment,
        parts=parts,
        plan=setup.plan,
        weights_role=job.weights and job.weights.role,
        weights=job.weights and job.weights.path,
        boxes=job.boxes and job.boxes.path,
        perturbed=job.perturbed,
        until=setup.until,
        owner=owner,
    )


def _relative(path: Path) -> Path:
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path
