"""What reads results asks for nothing that only Linux and macOS have.

No Windows was at hand: here the modules, functions and signals that Python does not have there are kept from the code
of this project alone, as libraries look after themselves.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from benchmark.datasets.prepared import open_prepared

ROOT = Path(__file__).resolve().parents[1]
READING = ('protocol', 'records', 'analysis', 'site', 'scoring', 'verification', 'datasets')
COMMANDS = ('report', 'verify', 'score', 'prepare', 'convert', 'export')
WITHOUT_POSIX = """
import builtins, os, runpy, signal, sys, types
absent = {'fcntl', 'grp', 'posix', 'pty', 'pwd', 'readline', 'resource', 'syslog', 'termios', 'tty'}
lacking = {
    'os': 'chown chroot confstr fchmod fchown fork forkpty fwalk getegid geteuid getgid getgroups getloadavg getpgid '
    'getpgrp getpriority getresuid getsid getuid initgroups killpg lchown lockf mkfifo mknod nice openpty pipe2 '
    'posix_fadvise posix_fallocate posix_spawn pread pwrite register_at_fork sched_getaffinity sched_setaffinity '
    'sendfile setegid seteuid setgid setpgid setpriority setsid setuid statvfs sync sysconf ttyname uname wait '
    'wait3 wait4 O_CLOEXEC O_DIRECTORY O_NOFOLLOW O_NONBLOCK O_SYNC',
    'signal': 'SIGALRM SIGBUS SIGCHLD SIGCONT SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGTSTP SIGTTIN SIGTTOU SIGUSR1 '
    'SIGUSR2 SIG_BLOCK SIG_SETMASK SIG_UNBLOCK alarm pause pthread_kill pthread_sigmask setitimer siginterrupt '
    'sigpending sigtimedwait sigwait',
}
twins = {}
for module in (os, signal):
    there = {name: value for name, value in vars(module).items() if name not in lacking[module.__name__].split()}
    twins[module.__name__] = types.ModuleType(module.__name__)
    vars(twins[module.__name__]).update(there)
twins['os'].name = 'nt'
real = builtins.__import__
def imported(name, globals=None, locals=None, fromlist=(), level=0):
    if (globals or {}).get('__name__', '').split('.')[0] in ('benchmark', '__main__') and level == 0:
        if name in absent:
            raise ModuleNotFoundError(f'No module named {name!r}')
        if name in twins:
            return twins[name]
    return real(name, globals, locals, fromlist, level)
builtins.__import__ = imported
"""


def on_windows(folder: Path, code: str, *arguments: object) -> subprocess.CompletedProcess:
    """Run code in a folder, with what Windows lacks kept from this project."""
    options = {'cwd': folder, 'env': {'PATH': '', 'PYTHONPATH': str(ROOT), 'HOME': str(folder)}}
    command = [sys.executable, '-c', WITHOUT_POSIX + code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=300, check=False, **options)


def command(folder: Path, name: str, *arguments: object) -> subprocess.CompletedProcess:
    code = (
        "\nsys.argv = sys.argv[1:]\nrunpy.run_module(f'benchmark.{sys.argv[0]}', run_name='__main__', alter_sys=True)"
    )
    return on_windows(folder, code, name, *arguments)


def test_reading_wing_is_imported(tmp_path):
    files = [path for name in READING for path in sorted((ROOT / 'benchmark' / name).rglob('*.py'))]
    names = ['.'.join(path.relative_to(ROOT).with_suffix('').parts).removesuffix('.__init__') for path in files]
    names += [f'benchmark.{name}' for name in COMMANDS]
    done = on_windows(tmp_path, '\nfor name in sys.argv[1:]:\n    real(name)\nprint(len(sys.argv) - 1)', *names)
    assert (done.returncode, done.stdout) == (0, f'{len(names)}\n'), done.stderr


def test_what_windows_lacks_is_lacking(tmp_path):
    for name, lacking in (('suite.environment', "named 'resource'"), ('suite.launcher', '')):
        done = on_windows(tmp_path, f'\nimport benchmark.{name} as module\nmodule.signal.SIGKILL')
        assert done.returncode == 1 and (lacking or "no attribute 'SIGKILL'") in done.stderr


@pytest.mark.parametrize('arguments', [['report'], ['report', 'show'], ['verify']])
def test_results_are_read(filled, tmp_path, arguments):
    done = command(tmp_path, *arguments, '--reports', filled)
    assert done.returncode == 0, done.stderr
    assert 'STAR' in done.stdout or ' records: ' in done.stdout
    assert 'Traceback' not in done.stderr


def test_predictions_are_scored(tiny_data, tmp_path):
    faces = open_prepared(tiny_data, 'synthetic-29').test
    head = ','.join(['image', *(f'{axis}{number}' for number in range(29) for axis in 'xy')])
    lines = [','.join([face.image, *map(str, face.keypoints.ravel())]) for face in faces]
    (tmp_path / 'p.csv').write_text('\n'.join([head, *lines]))
    done = command(tmp_path, 'score', 'p.csv', '--dataset', 'synthetic-29', '--data-root', tiny_data)
    assert done.returncode == 0 and 'NME' in done.stdout, done.stderr


@pytest.mark.parametrize(
    ('arguments', 'what'), [(['run', '--all'], 'training'), (['speed', 'loss'], 'measuring speed')]
)
def test_what_trains_says_in_one_line_where_it_can(tmp_path, arguments, what):
    done = command(tmp_path, *arguments)
    assert (done.returncode, done.stdout) == (1, '')
    assert (
        done.stderr
        == f'error: {what} needs Linux or macOS (on Windows use WSL; report, verify and score need neither)\n'
    )
