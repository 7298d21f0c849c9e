"""What is shown of all that runs."""

from __future__ import annotations

import io
import os
import pty
import subprocess
import sys
from types import SimpleNamespace

import pytest
from rich.console import Console

from benchmark.suite import display as module
from benchmark.suite.display import Display
from benchmark.suite.orders import Ending

MESSAGE = {'epoch': 2, 'epochs': 4, 'finished': 1.5, 'loss': 0.25, 'seconds_left': 30.0, 'images_per_second': 600.0}


def job(name: str) -> SimpleNamespace:
    return SimpleNamespace(title=name, fingerprint=name, experiment=SimpleNamespace(epochs=4))


@pytest.fixture
def plain(monkeypatch) -> tuple[Display, io.StringIO]:
    monkeypatch.setattr(module, 'PLAIN_SECONDS', 0.0)
    text = io.StringIO()
    return Display(Console(file=text, width=200)), text


def test_one_line_tells_of_all_that_run(plain):
    display, text = plain
    with display.showing(3):
        for name in ('one', 'two'):
            display.start(job(name))
            display.progress(job(name), MESSAGE)
        text.truncate(0)
        display.tick()
        assert text.getvalue().lstrip('\0').strip() == (
            # The third is taken to last as long as the two, one of which has to end first.
            '0 of 3 done, 2 running, 1200 images/s, about 0:00:45 left; '
            'one: epoch 2/4, loss 0.25, 600 images/s, 0:00:30 left; '
            'two: epoch 2/4, loss 0.25, 600 images/s, 0:00:30 left'
        )
        display.progress(job('one'), {'doing': 'testing'})
        display.finish(job('two'), Ending('failed', 'out of memory'))
        display.tick()
    lines = text.getvalue().splitlines()
    assert lines[-2] == 'two: FAILED: out of memory [1/3]'
    assert '1 of 3 done, 1 running' in lines[-1] and lines[-1].endswith('one: testing')


def test_second_attempt_says_what_differs(plain):
    display, text = plain
    with display.showing(1):
        display.start(job('one'), parts=2)
        display.finish(job('one'), Ending('done'))
    assert text.getvalue().splitlines() == [
        'one once more, its batches in 2 parts: begins',
        'one once more, its batches in 2 parts: done in 0:00:00 [1/1]',
    ]


CODE = """
from types import SimpleNamespace
from benchmark.suite.display import Display
display = Display()
job = SimpleNamespace(title='one', fingerprint='one', experiment=SimpleNamespace(epochs=4))
with display.showing(1):
    display.start(job)
    display.tick()
print('bars' if display.console.is_interactive else 'lines')
"""


def test_bars_are_for_terminals_alone_whatever_colours_are_asked_for(root):
    forced = {**os.environ, 'FORCE_COLOR': '1', 'TERM': 'xterm'}
    command = [sys.executable, '-c', CODE]
    result = subprocess.run(command, cwd=root, env=forced, capture_output=True, text=True, check=True)
    assert (result.stdout, result.stderr) == ('lines\n', 'one: begins\n')
    parent, child = pty.openpty()
    result = subprocess.run(command, cwd=root, env=forced, stdout=subprocess.PIPE, stderr=child, text=True, check=True)
    os.close(child)
    assert result.stdout == 'bars\n'
    assert 'experiments' in os.read(parent, 10000).decode()
    os.close(parent)


def test_terminal_that_cannot_move_its_cursor_gets_lines(root):
    parent, child = pty.openpty()
    dumb = {**os.environ, 'TERM': 'dumb'}
    command = [sys.executable, '-c', CODE]
    result = subprocess.run(command, cwd=root, env=dumb, stdout=subprocess.PIPE, stderr=child, text=True, check=True)
    os.close(child)
    assert (result.stdout, os.read(parent, 10000)) == ('lines\n', b'one: begins\r\n')
    os.close(parent)
