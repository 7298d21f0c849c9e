"""A real Slurm of one node on this machine, for tests: without systemd, accounting or anything kept afterwards."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil
import pytest

from tests.commands import kill_all

_SECONDS = 30  # a busy machine starts a daemon slowly
_CONFIGURATION = """
ClusterName=tests
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge/socket
CryptoType=crypto/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/slurmctld.log
SlurmdLogFile={folder}/slurmd.log
SlurmctldPort={controller}
SlurmdPort={daemon}
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
SchedulerParameters=batch_sched_delay=0,sched_interval=2,sched_min_interval=0
KillWait=3
ReturnToService=2
MpiDefault=none
NodeName={host} NodeAddr=127.0.0.1 CPUs={cores} RealMemory=1000
PartitionName=tests Nodes={host} Default=YES MaxTime=60 State=UP
"""


def missing() -> str:
    """Why no Slurm can be started here; empty where it can."""
    absent = [name for name in ('munged', 'slurmctld', 'slurmd', 'sbatch', 'srun') if not _path(name)]
    if absent:
        return f'{", ".join(absent)} not installed (apt-get install slurm-wlm munge)'
    if os.getuid():
        return "only root can start Slurm's daemons"
    return ''


@contextmanager
def running_slurm() -> Iterator[dict[str, str]]:
    """Start a Slurm; all its daemons and jobs have ended afterwards.

    Yields:
        The environment variables of processes that are to use it.
    """
    # Not in pytest's folders: names of sockets are short.
    with tempfile.TemporaryDirectory(prefix='slurm-') as name, ExitStack() as stack:
        folder = Path(name)
        folder.chmod(0o755)
        for one in ('state', 'spool'):
            (folder / one).mkdir()
        _start_munge(folder, stack)
        configuration = folder / 'slurm.conf'
        controller, daemon = _free_ports()
        host = socket.gethostname().split('.')[0]
        places = {'folder': folder, 'host': host, 'controller': controller, 'daemon': daemon}
        configuration.write_text(_CONFIGURATION.format(**places, cores=os.cpu_count()))
        environment = {**os.environ, 'SLURM_CONF': str(configuration)}
        for command in (['slurmctld', '-c', '-D'], ['slurmd', '-N', host, '-D']):
            _start([_path(command[0]), *command[1:]], folder, stack, environment)
        stack.callback(_end_jobs, environment)
        _wait_until(lambda: 'idle' in output(['sinfo', '--noheader', '--format=%T'], environment), folder)
        yield environment


def output(command: list[str], environment: dict[str, str]) -> str:
    """What a command of Slurm prints, or says is wrong."""
    result = subprocess.run(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=60, check=False
    )
    return result.stdout.strip()


@pytest.fixture(scope='session')
def slurm() -> Iterator[dict[str, str]]:
    """Environment variables by which commands find a Slurm of this session's own."""
    if why_not := missing():
        pytest.skip(why_not)
    with running_slurm() as environment:
        yield environment


def _start_munge(folder: Path, stack: ExitStack) -> None:
    munge = folder / 'munge'
    munge.mkdir(mode=0o755)
    (munge / 'key').write_bytes(os.urandom(128))
    (munge / 'key').chmod(0o400)
    owner = pwd.getpwnam('munge')
    for path in (munge / 'key', munge):
        os.chown(path, owner.pw_uid, owner.pw_gid)
    files = [f'--{what}={munge / name}' for what, name in _MUNGE_FILES.items()]
    _start([_path('munged'), '--foreground', *files], folder, stack, user='munge', group='munge')
    _wait_until((munge / 'socket').exists, folder)


_MUNGE_FILES = {
    'key-file': 'key',
    'socket': 'socket',
    'pid-file': 'pid',
    'seed-file': 'seed',
}


def _start(command: list[str], folder: Path, stack: ExitStack, environment: dict | None = None, **options) -> None:
    log = stack.enter_context((folder / f'{Path(command[0]).name}.out').open('wb'))
    process = subprocess.Popen(
        command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True, **options
    )
    stack.callback(_end, process)


def _end(process: subprocess.Popen) -> None:
    family = psutil.Process(process.pid).children(recursive=True) if process.poll() is None else []
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    kill_all(family)  # steps of jobs


def _end_jobs(environment: dict[str, str]) -> None:
    output(['scancel', '--state=PENDING', f'--user={pwd.getpwuid(os.getuid()).pw_name}'], environment)
    output(['scancel', '--full', '--signal=KILL', f'--user={pwd.getpwuid(os.getuid()).pw_name}'], environment)
    deadline = time.monotonic() + _SECONDS
    while output(['squeue', '--noheader'], environment) and time.monotonic() < deadline:
        time.sleep(0.2)


def _wait_until(condition, folder: Path) -> None:
    deadline = time.monotonic() + _SECONDS
    while not condition():
        if time.monotonic() > deadline:
            logs = [path.read_text(errors='replace')[-1000:] for path in folder.glob('*.out')]
            raise RuntimeError('\n'.join(('Slurm did not start', *logs)))
        time.sleep(0.1)


def _free_ports() -> tuple[int, int]:
    with ExitStack() as stack:
        ports = []
        for _ in range(2):
            one = stack.enter_context(socket.socket())
            one.bind(('127.0.0.1', 0))
            ports.append(one.getsockname()[1])
        return tuple(ports)


def _path(name: str) -> str | None:
    return shutil.which(name, path=os.pathsep.join((os.environ.get('PATH', ''), '/usr/sbin', '/sbin')))


if __name__ == '__main__':  # python -m tests.slurm COMMAND ...: run a command with a Slurm of its own
    with running_slurm() as slurm_environment:
        sys.exit(subprocess.run(sys.argv[1:], env=slurm_environment, check=False).returncode)
