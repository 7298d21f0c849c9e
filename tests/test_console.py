from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
COMMANDS = ('report show --json', 'verify --json', 'run --list')


@pytest.mark.parametrize('command', COMMANDS)
def test_reader_that_has_gone_ends_a_command_quietly(command):
    module, *options = command.split()
    arguments = [sys.executable, '-m', f'benchmark.{module}', *options]
    process = subprocess.Popen(arguments, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    process.stdout.close()
    said = process.stderr.read()
    assert process.wait(timeout=120) == 1
    assert 'Traceback' not in said and 'BrokenPipe' not in said


@pytest.mark.parametrize('command', ['verify --json', 'prepare 300w --download'])
def test_output_that_cannot_be_written_is_one_line(command):
    done = _run(command, '>/dev/full')
    assert (done.returncode, done.stdout) == (1, '')
    line = 'error: standard output: No space left on device (free space, or send it elsewhere)'
    assert done.stderr.splitlines()[-1] == line and 'Traceback' not in done.stderr


@pytest.mark.parametrize('closed', ['>&-', '2>&-', '<&- >&- 2>&-'])
def test_closed_streams_stop_nothing(closed, tiny_data, tmp_path):
    listing = tmp_path / 'list.csv'
    done = _run(f'prepare list synthetic-29 --data-root {tiny_data} --output {listing}', closed)
    assert done.returncode == 0, done.stderr
    assert len(listing.read_text().splitlines()) == 9
    done = _run('prepare 300w --download', closed)
    assert done.returncode == 0 and ('300w: nothing is' in done.stdout) == (closed == '2>&-'), done.stderr


def _run(command, redirection):
    shell = f'exec "$0" -m benchmark.{command} {redirection}'
    return subprocess.run(['sh', '-c', shell, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False)


def test_summary_of_trainings_is_printed_in_any_encoding(finished):
    one, _ = finished
    done = one.run('--all', env={**os.environ, 'PYTHONIOENCODING': 'ascii'})
    assert done.returncode == 0 and '0 done, 2 done before, 0 failed' in done.stderr, done.stderr
    assert 'dNME to' in done.stdout and 'smooth-L1' in done.stdout


def test_usage_errors_keep_their_status():
    done = subprocess.run(
        [sys.executable, '-m', 'benchmark.verify', '--nonsense'], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (2, '') and 'unrecognized arguments' in done.stderr
