"""The process of one experiment, or one of several that share it; started by :mod:`benchmark.suite.launcher`.

Messages go through a pipe to the process that has started it; everything that MMEngine prints goes to the log of the
experiment. Nothing heavy is imported before the process knows which device it may see.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from multiprocessing.connection import Connection

from benchmark.claims import Claim, take
from benchmark.console import STOPPING
from benchmark.errors import BenchmarkError, Paused, cannot_write
from benchmark.memory import is_out_of_memory, keep_freed_memory
from benchmark.suite.orders import ENDED, Ending, Order, claim_of, holds_epoch, log_of

# Set by SIGTERM, which a cluster sends to all processes of a job: those that load images die of it, and this one fails.
_told = threading.Event()
_SAID_SECONDS = 2.0  # between two notes in the claim, which others read


def work(order: Order, line: Connection) -> None:
    """Carry an order out in this process, and end it: status 0 where the experiment is done.

    Args:
        order: what to do.
        line: takes messages as dictionaries; the last has 'ending'. Whatever comes from it asks to end early.
    """
    _settle(order)
    ending = _carry_out(order, line)
    with contextlib.suppress(BrokenPipeError):  # nobody is left to be told
        line.send({'ending': asdict(ending)})
    sys.stdout.flush()
    # Loading processes that are still there are not waited for.
    os._exit(0 if ending.outcome == 'done' else 1)


def _settle(order: Order) -> None:
    """Make this process independent of the terminal, and dependent on the one that has started it."""
    os.setsid()
    for number in STOPPING:
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda number, frame: _told.set())
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
    os.environ.clear()
    os.environ.update(order.environment)
    os.chdir(order.folder)
    log = log_of(order.places, order.name, order.seed)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(output, 1)
    os.dup2(output, 2)
    threading.Thread(target=_end_with_the_scheduler, daemon=True).start()


def _end_with_the_scheduler() -> None:
    multiprocessing.parent_process().join()
    print('The process that started this one has gone; the same command continues the training.', file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)


def _carry_out(order: Order, line: Connection) -> Ending:
    try:
        if order.device == 'cpu':
            keep_freed_memory()
        if order.seed is None or not _is_first():
            return _run(order, line, None)
        claim = take(claim_of(order.places, order.name, order.seed, order.fingerprint), outcome='running')
    except OSError as error:
        return Ending('failed', _one_line(order, error))
    if claim is None:
        return Ending('taken')
    before = claim.before
    if before is not None and before.number > order.owner and before.note.get('outcome') == 'failed':
        with contextlib.suppress(OSError):  # another has failed at it while this process started
            claim.release(keep=True, **before.note)
        return Ending('taken')
    threading.Thread(target=_end_when_lost, args=(claim, line), daemon=True).start()
    ending = _run(order, line, claim)
    with contextlib.suppress(OSError):  # a full disk takes nothing from a result; the claim ends with this process
        claim.release(keep=True, outcome=ending.outcome, reason=ending.reason, memory=ending.memory)
    return ending


def _end_when_lost(claim: Claim, line: Connection) -> None:
    claim.lost.wait()
    with contextlib.suppress(OSError):
        line.send({'ending': asdict(Ending('taken'))})
    print('Another process has taken over, since this one gave no sign of life; this one ends.', file=sys.stderr)
    sys.stderr.flush()
    os._exit(1)


def _run(order: Order, line: Connection, claim: Claim | None) -> Ending:
    said = 0.0

    def report(message: dict) -> None:
        nonlocal said
        line.send(message)
        if claim is not None and time.monotonic() - said > _SAID_SECONDS:
            said = time.monotonic()
            with contextlib.suppress(OSError):  # its next sign of life says it again
                claim.say(**message)

    try:
        _execute(order, report, lambda epoch_seconds: _why_stop(order, line, epoch_seconds))
    except BrokenPipeError:
        return Ending('paused', 'the process that started it has gone')
    except Paused as error:
        return Ending('paused', str(error))
    except BenchmarkError as error:
        return Ending('paused', ENDED) if _told.is_set() else Ending('failed', str(error))
    except Exception as error:  # the boundary of the process: nothing above could still handle it
        if _told.is_set():
            return Ending('paused', ENDED)
        # The message comes first: the log may lie on the disk that is full.
        ending = Ending('failed', _one_line(order, error), memory=is_out_of_memory(error))
        traceback.print_exc()
        return ending
    return Ending('done')


def _execute(order: Order, report: Callable[[dict], None], stop: Callable[[float], str | None]) -> None:
    # Imported late: a broken installation is then reported like any other failure.
    import torch

    from benchmark.suite.components import search_path
    from benchmark.suite.execution import evaluate_weights, run_experiment
    from benchmark.suite.experiments import load_experiment
    from benchmark.suite.smaller import in_parts
    from benchmark.suite.stored import has_result
    from benchmark.suite.weights import Weights, file_sha256

    sys.path[:] = search_path()
    if order.threads is not None:
        torch.set_num_threads(order.threads)
    experiment = in_parts(load_experiment(order.config), order.parts)
    weights = None
    if order.weights_role:
        digest = file_sha256(order.weights) if order.weights else None
        weights = Weights(order.weights_role, order.weights, digest)
    if order.seed is None:
        evaluate_weights(
            experiment,
            order.fingerprint,
            weights,
            order.device,
            order.places,
            report,
            boxes=order.boxes,
            perturbed=order.perturbed,
        )
        return
    if has_result(order, order.places.records):
        return  # another process has just finished it
    run_experiment(
        experiment,
        order.seed,
        order.fingerprint,
        weights,
        order.device,
        order.places,
        report if _is_first() else _silent,
        order.plan,
        stop,
    )


def _is_first() -> bool:
    """As :func:`benchmark.suite.peers.is_first_process`, which cannot be imported without PyTorch."""
    return int(os.environ.get('RANK', 0)) == 0


def _silent(message: dict) -> None:
    """What the first process reports holds for all."""


def _why_stop(order: Order, line: Connection, epoch_seconds: float) -> str | None:
    """Why a training is to end after this epoch; None where it goes on."""
    if line.poll():
        return 'asked to end'
    if not holds_epoch(order.until, epoch_seconds):
        return 'the time that is left holds no other epoch'
    return None


def _one_line(order: Order, error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return cannot_write(str(error.filename or order.places.work), error, '--work-dir or --results')
    text = ' '.join(str(error).split())
    return f'{order.config}: {type(error).__name__}: {text[:300]}'
