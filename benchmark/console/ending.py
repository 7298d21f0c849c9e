"""How a command ends: with its status, quietly where nobody reads its output, and in time when it is told to."""

from __future__ import annotations

import argparse
import atexit
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from multiprocessing import resource_tracker
from types import FrameType
from typing import NoReturn

from benchmark.caches import environment_for_caches
from benchmark.console.characters import spell_what_is_lacking
from benchmark.console.streams import discard_output, fault_of_output, open_what_is_closed
from benchmark.extras import not_installed


def _there(*names: str) -> tuple[signal.Signals, ...]:
    """The signals of these names that the system has; Windows has SIGINT and SIGTERM alone."""
    return tuple(getattr(signal, name) for name in names if hasattr(signal, name))


_ENDING = _there('SIGTERM', 'SIGHUP')
# For the command alone, which then ends, or pauses, what it has started. Terminals and clusters send them to all.
STOPPING = (signal.SIGINT, *_ENDING, *_there('SIGUSR2'))
_PATIENCE_SECONDS = 4.0  # what is told to end is often killed after five


class Terminated(KeyboardInterrupt):
    """A signal has asked the command to end: SIGTERM, or SIGHUP as when its terminal is closed."""

    status = 128 + signal.SIGTERM


def end(main: Callable[[], int]) -> NoReturn:
    """Run a command and leave the process with its exit status.

    That is 1 where the reader of its output has gone or the disk that it goes to is full, 130 after Ctrl-C, and 143
    where another signal has ended it, each without a traceback. After such a signal the command has some seconds to end
    by itself. A signal that was ignored when the command was started, as by nohup, stays ignored. A missing package is
    one line, with what installs it.

    Args:
        main: the command; returns its exit status.
    """
    stops = _listen()
    open_what_is_closed()
    spell_what_is_lacking()
    try:
        try:
            os.environ.update(environment_for_caches())
            status = main()
        except SystemExit as stop:  # of the command line: a usage error, or help
            status = stop.code
        if stops and status == 1:  # a library has made an error of the interruption, and the command has said it
            status = exit_status(stops[0])
            _say_stopped()
        sys.stdout.flush()
    except BrokenPipeError:
        discard_output()
        status = 1
    except BaseException as error:
        if stops:  # a library that was interrupted while it was loaded may have made another exception of it
            status = exit_status(stops[0])
            _say_stopped()
        elif isinstance(error, OSError) and (fault := fault_of_output()):
            print(f'error: standard output: {fault} (free space, or send it elsewhere)', file=sys.stderr)
            discard_output()
            status = 1
        elif isinstance(error, ModuleNotFoundError) and (line := not_installed((error.name or '').partition('.')[0])):
            print(f'error: {line}', file=sys.stderr)
            status = 1
        else:
            raise
    if stops:  # whoever ends a command does not wait for libraries that are taken apart, which can take seconds
        atexit._run_exitfuncs()
        os._exit(status)
    sys.exit(status)


def exit_status(stop: KeyboardInterrupt) -> int:
    """Exit status of a command that was stopped."""
    return getattr(stop, 'status', 128 + signal.SIGINT)


def positive(text: str) -> int:
    """A positive whole number of a command line.

    Raises:
        argparse.ArgumentTypeError: it is none.
    """
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f'{number} is not a positive number')
    return number


@contextmanager
def children_take_no_signals() -> Iterator[None]:
    """Processes that are started meanwhile do not take the signals that stop a command; it is to end them itself."""
    if not hasattr(signal, 'pthread_sigmask'):  # on Windows, which sends no signals but Ctrl-C
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
    try:
        resource_tracker.ensure_running()  # multiprocessing's helper; its start lets some of them through again
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _listen() -> list[KeyboardInterrupt]:
    """Let the signals that stop a command raise an exception; returns the list of those that they have raised."""
    stops: list[KeyboardInterrupt] = []

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        stops.append(KeyboardInterrupt())
        raise stops[-1]

    def terminate(_number: int, _frame: FrameType | None) -> None:
        if any(isinstance(stop, Terminated) for stop in stops):  # it is ending already
            return
        stops.append(Terminated())
        watch = threading.Timer(_PATIENCE_SECONDS, _end_now, stops[-1:])
        watch.daemon = True
        watch.start()
        raise stops[-1]

    if signal.getsignal(signal.SIGINT) != signal.SIG_IGN:
        signal.signal(signal.SIGINT, interrupt)
    for number in _ENDING:
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, terminate)
    return stops


def _end_now(stop: Terminated) -> NoReturn:
    _say_stopped()
    os._exit(stop.status)


def _say_stopped() -> None:
    with suppress(OSError):  # the terminal has gone
        os.write(2, b'stopped\n')
    try:
        sys.stdout.flush()
    except OSError:
        discard_output()
