"""The command as a user types it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest
from mmpose.registry import MODELS

from benchmark.check import main
from benchmark.suite.contract import CHECKS, KINDS, relative_speed

ROOT = Path(__file__).resolve().parents[1]
LOSS = """
import torch
from mmpose.registry import MODELS

print('a file may print')


@MODELS.register_module()
class {name}(torch.nn.Module):
    def __init__(self, scale=1.0):
        super().__init__()
        self.scale = scale

    def forward(self, predicted, target, weights):
        return self.scale * ((predicted - target).square().sum(-1) + {eps}).sqrt().mean()
"""
BACKBONE = """
import torch
from mmpose.registry import MODELS


@MODELS.register_module()
class {name}(torch.nn.Conv2d):
    def __init__(self, channels):
        super().__init__(3, channels, 3)

    def forward(self, images):
        return (super().forward(images),)
"""


@pytest.fixture(autouse=True)
def nothing_stays(tmp_path, monkeypatch):
    """What a test registers and imports is gone after it; losses are timed as few times as can be."""
    monkeypatch.setattr(relative_speed, 'SECONDS', 0)
    monkeypatch.setattr(sys, 'path', list(sys.path))
    monkeypatch.setattr(MODELS, '_module_dict', dict(MODELS.module_dict))
    before = set(sys.modules)
    monkeypatch.chdir(tmp_path)
    yield
    for name in set(sys.modules) - before:
        if str(tmp_path) in str(getattr(sys.modules[name], '__file__', '')):
            del sys.modules[name]


@pytest.fixture
def write(tmp_path):
    def write(text, file='mine.py', **fields):
        (tmp_path / file).write_text(text.format(**fields) if fields else text)
        return file

    return write


def table_of(out):
    return dict(re.findall(r'^ ([a-z-]+) +(pass|fail|note|skipped) ', out, re.MULTILINE))


def test_example_of_the_readme_holds(write, capsys):
    readme = (ROOT / 'README.md').read_text()
    text = re.search(r'<!-- example: log_cosh_loss.py -->\n```python\n(.*?)```', readme, re.DOTALL)[1]
    assert main([write(text, 'log_cosh_loss.py')]) == 0
    out, err = capsys.readouterr()
    assert out.startswith('LogCoshLoss (log_cosh_loss.py), checked as coordinates\n')
    assert list(table_of(out)) == [name for name in CHECKS if name not in ('independence', 'unused')]
    assert set(table_of(out).values()) == {'pass', 'note'}
    assert re.fullmatch(r'LogCoshLoss: \d+ pass, 2 note\n', err)


def test_failed_check_is_named_and_sets_the_status(write, capsys):
    assert main([write(LOSS, name='Sharp', eps=0), '--landmarks', '5']) == 1
    out, err = capsys.readouterr()
    assert table_of(out)['finite'] == 'fail' and list(table_of(out).values()).count('fail') == 1
    assert 'gradient for predictions that equal the truth' in ' '.join(out.split())
    assert re.search(r'^Sharp: \d+ pass, 1 fail, 2 note \(failed: finite\)$', err, re.MULTILINE)


def test_json_is_all_that_stands_on_stdout(write, capsys):
    arguments = [write(LOSS, name='Two', eps=0.01), '--json', '--options', 'scale=2.5', '--landmarks', '5']
    assert main(arguments) == 0
    out, err = capsys.readouterr()
    (one,) = json.loads(out)['components']
    assert (one['name'], one['file'], one['kind'], one['options']) == (
        'Two',
        'mine.py',
        'coordinates',
        {'scale': '2.5'},
    )
    assert [check['verdict'] for check in one['checks']].count('fail') == 0 and json.loads(out)['holds'] is True
    assert 'a file may print' in err


def test_several_files_and_kinds_are_checked_at_once(write, capsys):
    loss = write(LOSS, 'loss.py', name='Three', eps=0.01)
    backbone = write(BACKBONE, 'backbone.py', name='Four')
    flags = ['--options', 'channels=4', '--input-size', '24x16']
    assert main([loss, backbone, '--type', 'Four', *flags]) == 0
    out = capsys.readouterr().out
    assert out.startswith('Four with channels=4 (backbone.py), checked as backbone\n')
    assert '(3, 3, 16, 24) give (3, 4, 14, 22)' in out and out.count('checked as') == 1
    assert main([loss, 'benchmark.losses.landmark_distance_loss', '--landmarks', '5']) == 0
    assert re.findall(r'^(\w+) \(', capsys.readouterr().out, re.MULTILINE) == ['Three', 'LandmarkDistanceLoss']


def test_file_may_import_what_lies_beside_it(write, capsys):
    write('EPS = 0.01\n', 'constants_of_mine.py')
    text = LOSS.format(name='Five', eps='constants_of_mine.EPS').replace(
        'import torch', 'import constants_of_mine\nimport torch'
    )
    assert main([write(text), '--landmarks', '5']) == 0


def test_module_is_named_with_dots(capsys):
    arguments = ['benchmark.losses.star_loss', '--options', 'restriction=detach', '--landmarks', '5']
    assert main(arguments) == 1
    assert "STARLoss with restriction='detach' (benchmark.losses.star_loss)" in capsys.readouterr().out
    assert main([*arguments, '--accept', 'gradient']) == 0
    assert 'accepted: differs from finite' in ' '.join(capsys.readouterr().out.split())


def test_kind_may_be_told(capsys):
    place = str(ROOT / 'benchmark/losses/adaptive_wing_map_loss.py')
    assert main([place, '--landmarks', '5']) == 0
    assert 'checked as maps' in ' '.join(capsys.readouterr().out.split())
    assert main([place, '--landmarks', '5', '--kind', 'heatmaps']) == 1
    assert 'target: shape' in ' '.join(capsys.readouterr().out.split())


@pytest.mark.parametrize('width', [80, 50])
def test_table_fits_the_terminal(write, capsys, monkeypatch, width):
    monkeypatch.setenv('COLUMNS', str(width))
    assert main([write(LOSS, name='Six', eps=0.01), '--landmarks', '5']) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= width and '…' not in out


USAGE = [
    ('absent', ['nowhere.py'], 'nowhere.py: no such file (name a Python file'),
    ('absent module', ['nowhere.at_all'], 'nowhere.at_all: no such file or module (name a Python file, or'),
    (
        'parent raises',
        ['parent.mine'],
        'parent.mine: cannot be imported: ZeroDivisionError: division by zero (mend what',
    ),
    ('folder', ['.'], '.: no Python file (name one that ends with .py)'),
    ('text', ['text.txt'], 'text.txt: no Python file'),
    ('syntax', ['syntax.py'], 'syntax.py: cannot be imported: syntax.py, line 2: '),
    ('null', ['null.py'], 'null.py: cannot be imported: '),
    (
        'raises',
        ['raises.py'],
        'raises.py: cannot be imported: raises.py, line 2: ZeroDivisionError: division by zero (mend',
    ),
    ('exits', ['exits.py'], 'exits.py: cannot be imported: exits.py, line 2: SystemExit: 3 (mend it)'),
    ('nothing', ['nothing.py'], "nothing.py: registers nothing in MMPose's MODELS (decorate it with"),
    ('taken', ['json.py'], 'json.py: another module is named json (rename the file)'),
    ('registered', ['registered.py'], 'L1Loss is already registered'),
    (
        'needs',
        ['needs.py'],
        "missing 1 required positional argument: 'channels' (give it arguments with --options, or choose others",
    ),
    ('refuses', ['needs.py', '--options', 'channels=0.5'], 'needs.py: Needs cannot be made: needs.py, line 9: '),
    ('unknown option', ['needs.py', '--options', 'chanels=5'], "unexpected keyword argument 'chanels'"),
    ('no option', ['needs.py', '--options', 'channels'], '--options channels: expected KEY=VALUE'),
    ('not Python', ['needs.py', '--options', 'bias=false'], '--options bias=false: write it as in Python'),
    ('unknown type', ['needs.py', '--type', 'Wants'], '--type Wants: not registered there (there: Needs)'),
    ('several', ['two.py', '--options', 'scale=1'], '--options goes with one component, here are Seven, Eight (choose'),
    ('no module', ['number.py'], 'number.py: make_number makes int, no torch.nn.Module (choose others with --type)'),
    ('head', ['head.py'], 'head.py: registers neither a loss nor a backbone (to take it for one: --kind)'),
]


@pytest.mark.parametrize(('arguments', 'message'), [case[1:] for case in USAGE], ids=[case[0] for case in USAGE])
def test_wrong_usage_is_one_line_and_exit_status_2(write, capsys, arguments, message):
    registering = 'from mmpose.registry import MODELS\n\n\n@MODELS.register_module()\n'
    files = {
        'text.txt': 'text',
        'syntax.py': '\nclass :\n',
        'null.py': '\0',
        'raises.py': '\n1 / 0\n',
        'exits.py': '\nraise SystemExit(3)\n',
        'nothing.py': 'import torch\n',
        'json.py': '',
        'registered.py': f'{registering}class L1Loss:\n    pass\n',
        'needs.py': BACKBONE.format(name='Needs'),
        'two.py': LOSS.format(name='Seven', eps=1) + LOSS.format(name='Eight', eps=1),
        'number.py': f'{registering}def make_number():\n    return 5\n',
        'head.py': f'from mmpose.models.heads import BaseHead\n{registering}class Head(BaseHead):\n'
        '    def forward(self, feats): pass\n    def loss(self): pass\n    def predict(self): pass\n',
    }
    Path('parent').mkdir()
    write('1 / 0\n', 'parent/__init__.py')
    sys.path.insert(0, '')
    if arguments[0] in files:
        write(files[arguments[0]], arguments[0])
    assert main(arguments) == 2
    out, err = capsys.readouterr()
    lines = [line for line in err.splitlines() if line != 'a file may print' and not line.startswith('Head: neither')]
    assert out == '' and len(lines) == 1 and lines[0].startswith('error: ') and message in lines[0], err


@pytest.mark.parametrize(
    'arguments',
    [[], ['mine.py', '--landmarks', '1'], ['mine.py', '--input-size', '64'], ['mine.py', '--accept', 'call']],
)
def test_wrong_command_line_is_exit_status_2(capsys, arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    assert stop.value.code == 2 and 'error: ' in capsys.readouterr().err


def test_help_loads_no_torch_and_says_that_the_file_is_run():
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.check', '--help']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    said = ' '.join(done.stdout.split())
    assert 'The file is your own code and is run' in said and all(
        f'{name}: {text}' in said for name, text in CHECKS.items()
    )
    assert ' torch' not in done.stderr


def test_page_has_every_check_and_kind():
    page = (ROOT / 'docs' / 'own_components.md').read_text()
    assert re.findall(r'^\| `([a-z-]+)` \|', page, re.MULTILINE) == list(CHECKS)
    assert re.findall(r'^\| ([a-z]+) \| [^|]*`', page, re.MULTILINE) == list(KINDS)
