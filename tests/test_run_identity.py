"""What benchmark.run takes for done, and what it goes on with, where components of one's own are edited."""

from __future__ import annotations

import io
import json
import signal
import subprocess
import sys
from contextlib import chdir, redirect_stderr, redirect_stdout
from pathlib import Path

import pytest

from benchmark.run import main
from tests.commands import wait_for_file

ROOT = Path(__file__).resolve().parents[1]
LOSS = """
import torch
from mmpose.registry import MODELS

import my_scale


@MODELS.register_module()
class MyLoss(torch.nn.Module):
    def forward(self, predicted, target, weights):
        return my_scale.SCALE * (predicted - target).abs().mean()
"""
CONFIG = """
_base_ = './tiny-smoothl1.py'
train_cfg = dict(max_epochs={epochs}, val_interval=None)
custom_imports = dict(imports=['benchmark.models', 'my_loss'], allow_failed_imports=False)
model = dict(head=dict(loss=dict(_delete_=True, type='MyLoss')))
"""
EDITS_ITSELF = """
import threading
import time
from pathlib import Path


def _edit():
    while not list(Path({work!r}).glob('tiny-mine-*/epoch_1.pth')):
        time.sleep(0.01)
    Path({file!r}).write_text('SCALE = 3.0\\n')


threading.Thread(target=_edit, daemon=True).start()
"""


class Own:
    """A workshop whose command is given in a folder with a loss of one's own and a module that it imports."""

    def __init__(self, workshop, folder: Path) -> None:
        self.workshop, self.folder = workshop, folder
        folder.mkdir()
        self.write('my_loss.py', LOSS)
        self.write('my_scale.py', 'SCALE = 2.0\n')
        self.configure(epochs=1)

    def write(self, name: str, text: str) -> None:
        (self.folder / name).write_text(text)

    def configure(self, epochs: int) -> None:
        self.workshop.write_config('tiny-mine', CONFIG.format(epochs=epochs))

    def start(self, *arguments: str) -> subprocess.Popen:
        command = [sys.executable, '-m', 'benchmark.run', *self.workshop.arguments('--name', 'tiny-mine', *arguments)]
        return subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    def run(self, *arguments: str) -> str:
        """The command to its end, in this process; returns what it says on stderr."""
        out, errors = io.StringIO(), io.StringIO()
        with redirect_stdout(out), redirect_stderr(errors), chdir(self.folder):
            self.status = main(self.workshop.arguments('--name', 'tiny-mine', *arguments))
        self.out = out.getvalue()
        assert 'Traceback' not in errors.getvalue()
        return errors.getvalue()

    def stop_after(self, checkpoint: str) -> None:
        """Start the command and end it as Ctrl-C does, once there is this checkpoint."""
        process = self.start()
        wait_for_file(self.workshop.folder / 'work', f'tiny-mine-*/{checkpoint}', process)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)
        assert process.returncode == 130

    def states(self) -> list[str]:
        self.run('--list', '--json')
        return [row['state'] for row in json.loads(self.out)]

    def results(self) -> list:
        return [record for record in self.workshop.records() if record.status == 'done']


@pytest.fixture
def own(workshop, tmp_path, monkeypatch) -> Own:
    monkeypatch.setenv('PYTHONPATH', str(ROOT))
    monkeypatch.setenv('OMP_NUM_THREADS', '1')
    return Own(workshop, tmp_path / 'own')


def test_edited_loss_or_helper_is_trained_anew_and_an_edit_beside_them_is_not(own):
    assert '1 done, 0 done before' in own.run()
    (first,) = own.results()
    assert list(first.components) == ['my_loss', 'my_scale']
    own.write('unrelated.py', 'SCALE = 5.0\n')
    assert own.states() == ['done']
    assert '0 done, 1 done before' in own.run()

    own.write('my_loss.py', LOSS.replace('.abs()', '.square()'))
    assert own.states() == ['to-run']
    errors = own.run()
    assert '1 done, 0 done before' in errors
    assert 'begins anew' not in errors, 'the first training is finished: nothing of it is lost'
    own.write('my_scale.py', 'SCALE = 4.0\n')
    assert '1 done, 0 done before' in own.run()
    edited = own.results()
    assert len({record.fingerprint for record in edited}) == len({record.experiment for record in edited}) == 3
    assert len({record.curve[0].loss for record in edited}) == 3
    assert len({record.recipe for record in edited}) == 1

    own.write('my_scale.py', 'SCALE = 4.0  # as it was\n')
    assert own.states() == ['to-run'], 'a comment counts as well: what is compared is the file'
    own.write('my_loss.py', LOSS)
    own.write('my_scale.py', 'SCALE = 2.0\n')
    assert own.states() == ['done']


def test_stopped_edited_training_is_not_continued_and_goes_on_after_the_edit_is_undone(own):
    own.configure(epochs=20)
    own.stop_after('epoch_2.pth')
    (stopped,) = (own.workshop.folder / 'work').glob('tiny-mine-seed0-*')
    noted = json.loads((stopped / 'identity.json').read_text())
    checkpoints = {path.name: path.stat().st_mtime_ns for path in stopped.glob('epoch_*.pth')}

    own.write('my_scale.py', 'SCALE = 3.0\n')
    process = own.start()
    line = next(text for text in process.stderr if 'begins anew' in text)
    assert line.startswith(f'tiny-mine seed 0: begins anew: the unfinished training in {stopped} is of another ')
    assert 'another component my_scale (' in line
    assert 'restore that to go on with it, or remove the folder' in line
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert {path.name: path.stat().st_mtime_ns for path in stopped.glob('epoch_*.pth')} == checkpoints

    own.write('my_scale.py', 'SCALE = 2.0\n')
    errors = own.run()
    assert own.status == 0, errors
    assert 'begins anew' not in errors
    (record,) = own.results()
    assert len(record.curve) == 20
    assert record.started == noted['started'] <= record.created
    assert 'resumed epoch' in (own.workshop.folder / 'work' / 'tiny-mine-seed0.log').read_text()


def test_component_that_is_edited_while_it_trains_gets_no_result(own):
    """A thread of the training edits the helper once the first epoch is over, as somebody at the machine might."""
    own.configure(epochs=3)
    work, file = str(own.workshop.folder / 'work'), str(own.folder / 'my_scale.py')
    own.write('my_loss.py', LOSS + EDITS_ITSELF.format(work=work, file=file))
    errors = own.run()
    assert own.status == 1
    (line,) = [text for text in errors.splitlines() if text.startswith('error: ')]
    assert 'my_scale changed while this ran, so its result is not stored' in line
    assert own.results() == []
    own.write('my_scale.py', 'SCALE = 2.0\n')
    assert '1 done' in own.run(), 'with the edit undone, what was trained is tested and stored'
    assert len(own.results()[0].curve) == 3


def test_component_that_edits_another_while_it_is_imported_trains_nothing(own):
    """What is imported is not what was hashed before."""
    file = str(own.folder / 'my_scale.py')
    own.write('my_loss.py', LOSS + f"\nopen({file!r}, 'w').write('SCALE = 9.0\\n')\n")
    errors = own.run()
    assert own.status == 1
    assert 'my_scale changed while this ran' in errors
    assert not list((own.workshop.folder / 'work').glob('tiny-mine-*/epoch_*'))


def test_component_that_is_loaded_by_a_computed_name_is_refused(own):
    own.write('my_loss.py', LOSS.replace('import my_scale', "my_scale = __import__('my_' + 'scale')"))
    errors = own.run()
    assert own.status == 1
    assert 'custom_imports: the components load my_scale by a computed name (add it to imports' in errors
    assert own.results() == []


def test_component_that_is_not_there_is_one_line_and_others_go_on(own):
    result = own.workshop.call('--all', '--dry-run')  # not in the folder of the component
    assert result.returncode == 1
    (line,) = [line for line in result.stderr.splitlines() if line.startswith('error: ')]
    assert 'tiny-mine.py: custom_imports: no module my_loss (put its folder on PYTHONPATH)' in line
    assert [name in result.stdout for name in ('tiny-smoothl1', 'tiny-star', 'tiny-mine')] == [True, True, False]


def test_result_says_how_it_was_computed(finished):
    workshop, _ = finished
    for record in workshop.records():
        made = record.environment
        assert made.device == 'cpu'
        assert made.kernels
        assert made.tf32 is False
        assert (made.determinism.algorithms, made.determinism.cudnn_benchmark) == (False, False)
        assert 'pillow' in made.packages
        assert record.components == {}
        assert record.started <= record.created
    assert len({record.experiment for record in workshop.records()}) == 2


def test_result_of_a_cpu_does_not_count_on_a_gpu(finished):
    workshop, _ = finished
    rows = {}
    for device in ('cpu', 'cuda'):
        listed = workshop.call('--list', '--json', '--device', device)
        assert listed.returncode == 0, listed.stderr
        rows[device] = {row['name']: row['state'] for row in json.loads(listed.stdout)}
    assert set(rows['cpu'].values()) == {'done'}
    assert set(rows['cuda'].values()) == {'to-run'}
