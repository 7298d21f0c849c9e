from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from benchmark import speed
from benchmark.datasets.prepared import open_prepared, write_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.errors import BenchmarkError
from benchmark.records.speed import Measurement, read_speed_report
from benchmark.suite.speed import PARTS

PAGE = (Path(__file__).resolve().parents[1] / 'docs' / 'speed.md').read_text()


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """Data root with a few drawn faces."""
    root = tmp_path_factory.mktemp('drawn')
    prepare_synthetic(root, 'synthetic-98', train_images=6, test_images=6)
    return root


@pytest.fixture
def small(monkeypatch, tmp_path):
    """Smaller batches, which take less time; results go to a folder of the test."""
    monkeypatch.chdir(tmp_path)
    input_part = pytest.importorskip('benchmark.suite.speed.input')
    monkeypatch.setattr(input_part, 'BATCH', 2)
    monkeypatch.setattr(input_part, 'BATCH_OF_SINGLES', 1)
    return monkeypatch


def _measure(capsys, *arguments):
    assert speed.main(['input', '--json', '--seconds', '0', '--device', 'cpu', *map(str, arguments)]) == 0
    (measurement,) = json.loads(capsys.readouterr().out)
    return measurement


def test_json_holds_every_way_with_ratios_to_the_first(small, drawn, capsys):
    measurement = _measure(capsys, '--data-root', drawn)
    assert (measurement['part'], measurement['unit'], measurement['clock']) == ('input', 'image', 'computation')
    assert measurement['environment']['device'] == 'cpu'
    assert '6 training faces of Synthetic faces, 98 landmarks' in measurement['about']
    rows = measurement['rows']
    assert [row['name'].split(',')[0] for row in rows] == [
        'sample by sample',
        'original images',
        'crop store',
        'crop store',
    ]
    assert rows[0]['ratio'] == 1
    for row in rows:
        low, high = row['milliseconds_quartiles']
        assert 0 < low <= row['milliseconds'] <= high
        assert row['samples_per_second'] == pytest.approx(1000 / row['milliseconds'])
        assert row['ratio_quartiles'][0] <= row['ratio'] <= row['ratio_quartiles'][1]
        assert row['rounds'] == 5


def test_measuring_leaves_nothing_behind(small, drawn, capsys):
    before = sorted(drawn.rglob('*'))
    _measure(capsys, '--data-root', drawn)
    assert sorted(drawn.rglob('*')) == before


def test_table_is_printed_and_results_are_stored(small, drawn, tmp_path, capsys):
    assert speed.main(['input', '--seconds', '0', '--data-root', str(drawn), '--store', 'kept']) == 0
    out, err = capsys.readouterr()
    assert out.count('crop store') == 2
    assert 'Synthetic faces' in out
    (written,) = (tmp_path / 'kept').iterdir()
    assert f'wrote {written.relative_to(tmp_path)}' in err
    assert [one.part for one in read_speed_report(written).measurements] == ['input']


def test_test_faces_are_taken_where_there_are_no_others(small, drawn, tmp_path, capsys):
    prepared = open_prepared(drawn, 'synthetic-98')
    write_prepared(tmp_path, 'wflw', [], prepared.train[:3], prepared.image_root)
    assert '3 test faces of WFLW, 98 landmarks' in _measure(capsys, '--data-root', tmp_path)['about']


def test_faces_are_drawn_where_nothing_is_prepared(small, tmp_path, capsys):
    small.setattr('benchmark.suite.speed.input.FACES', 8)
    measurement = _measure(capsys, '--data-root', tmp_path)
    assert '4 newly drawn faces of Synthetic faces' in measurement['about']
    assert [path.name for path in tmp_path.iterdir()] == ['results']


def test_data_root_that_is_not_there_is_one_line_and_exit_status_2(tmp_path, capsys):
    assert speed.main(['input', '--data-root', str(tmp_path / 'nowhere')]) == 2
    assert (
        capsys.readouterr().err
        == f'error: --data-root {tmp_path / "nowhere"}: no such folder (make it, or choose another one)\n'
    )


def test_damaged_preparation_is_not_passed_over(small, drawn, tmp_path, capsys):
    shutil.copytree(drawn, tmp_path, dirs_exist_ok=True)
    (tmp_path / 'synthetic-98' / 'annotations' / 'train.json').write_text('{}')
    assert speed.main(['input', '--seconds', '0', '--data-root', str(tmp_path)]) == 1
    assert 'train.json: damaged or changed' in capsys.readouterr().err


def test_damaged_image_is_one_line_and_exit_status_1(small, drawn, tmp_path, capsys):
    prepared = open_prepared(drawn, 'synthetic-98')
    (tmp_path / 'images').mkdir()
    for face in prepared.train:
        Path(tmp_path / 'images' / Path(face.image).name).write_bytes(prepared.image_path(face).read_bytes())
    faces = [type(face)(Path(face.image).name, face.width, face.height, face.keypoints) for face in prepared.train]
    write_prepared(tmp_path, 'wflw', faces, [], tmp_path / 'images')
    broken = tmp_path / 'images' / faces[1].image
    broken.write_bytes(broken.read_bytes()[:200])
    assert speed.main(['input', '--seconds', '0', '--data-root', str(tmp_path)]) == 1
    out, err = capsys.readouterr()
    assert out == ''
    assert err.startswith(f'error: {broken}: damaged image') and err.count('\n') == 1


@pytest.mark.parametrize('arguments', [['nothing'], ['input', '--seconds', '-1'], ['input', '--seconds', 'nan']])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        speed.main(arguments)
    assert exit_.value.code == 2
    assert 'usage: python -m benchmark.speed' in capsys.readouterr().err


def test_all_parts_are_measured_unless_some_are_named(monkeypatch, tmp_path, capsys):
    asked = []

    class Part:
        def __init__(self, name):
            self.name = name.rpartition('.')[2]

        def measure(self, options):
            asked.append(self.name)
            return Measurement(part=self.name, about='nothing', rows=())

    monkeypatch.setattr(speed, 'import_module', Part)
    for parts, expected in (([], list(PARTS)), (['step', 'loss', 'step'], ['step', 'loss'])):
        assert speed.main([*parts, '--device', 'cpu', '--store', str(tmp_path)]) == 0
        assert asked == expected
        asked.clear()
    (path,) = tmp_path.iterdir()
    assert [one.part for one in read_speed_report(path).measurements] == sorted(PARTS)


@pytest.fixture
def parts(monkeypatch):
    """Put parts in place of all others that find nothing, or fail where the test says so."""

    class Part:
        failing = ()

        def __init__(self, name):
            self.name = name.rpartition('.')[2]

        def measure(self, options):
            if self.name in self.failing:
                raise BenchmarkError(f'{self.name}: no room')
            return Measurement(part=self.name, about=f'on {options.device}', rows=())

    monkeypatch.setattr(speed, 'import_module', Part)
    return Part


@pytest.mark.parametrize('failure', [(), ('--json',)])
def test_part_that_fails_leaves_what_was_measured_before(parts, failure, tmp_path, capsys):
    parts.failing = ('input',)
    assert speed.main(['loss', 'step', 'input', '--device', 'cpu', '--store', str(tmp_path), *failure]) == 1
    (path,) = tmp_path.iterdir()
    assert [one.part for one in read_speed_report(path).measurements] == ['loss', 'step']
    out, err = capsys.readouterr()
    assert err == f'wrote {path}\nerror: input: no room\n'
    assert out == ('' if failure else 'loss: on cpu\nstep: on cpu\n')


def test_parts_of_the_cpu_are_filed_under_its_name_beside_a_gpu(parts, monkeypatch, tmp_path):
    names = {'cpu': 'A Processor', 'cuda': 'Some GPU'}
    monkeypatch.setattr(torch.cuda, 'is_available', lambda: True)
    monkeypatch.setattr('benchmark.suite.environment.device_name', names.get)
    monkeypatch.setattr('benchmark.suite.environment.arithmetic', lambda device: {})
    assert speed.main(['--device', 'cuda', '--store', str(tmp_path)]) == 0
    found = {report.device_name: report.measurements for report in map(read_speed_report, tmp_path.iterdir())}
    assert [one.part for one in found['A Processor']] == ['inference', 'input']
    assert [one.part for one in found['Some GPU']] == ['evaluation', 'loss', 'recipes', 'step', 'training']
    for device, name in names.items():
        for one in found[name]:
            assert (one.about, one.environment.device, one.environment.device_name) == (f'on {device}', device, name)


@pytest.mark.parametrize('line', re.findall(r'^python -m benchmark\.speed(.*?)(?: *#.*)?$', PAGE, re.MULTILINE))
def test_commands_of_the_page_are_understood(line):
    assert speed.build_parser().parse_args(line.split())


def test_page_names_every_part():
    assert set(re.findall(r'^\| `(\w+)` \|', PAGE, re.MULTILINE)) == set(PARTS)


def test_folder_that_cannot_be_written_to_is_one_line_and_exit_status_1(small, drawn, tmp_path, capsys):
    (tmp_path / 'file').touch()
    arguments = ['input', '--seconds', '0', '--data-root', str(drawn), '--store', str(tmp_path / 'file')]
    assert speed.main(arguments) == 1
    err = capsys.readouterr().err
    assert 'cannot write the speeds' in err and '--store' in err and err.count('\n') == 1


@pytest.mark.skipif(torch.cuda.is_available(), reason='there is a GPU')
def test_gpu_that_is_not_there_is_one_line_and_exit_status_2(capsys):
    assert speed.main(['loss', '--device', 'cuda']) == 2
    assert capsys.readouterr().err == 'error: --device cuda: PyTorch sees no GPU (choose --device cpu)\n'


def test_help_names_the_parts_without_loading_them():
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.speed', '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'input: training samples' in ' '.join(done.stdout.split())
    assert 'torch' not in done.stderr
