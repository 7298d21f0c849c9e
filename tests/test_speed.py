from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from benchmark import speed
from benchmark.datasets.prepared import open_prepared, write_prepared
from benchmark.datasets.synthetic import prepare_synthetic


@pytest.fixture(scope='module')
def drawn(tmp_path_factory):
    """Data root with a few drawn faces."""
    root = tmp_path_factory.mktemp('drawn')
    prepare_synthetic(root, 'synthetic-98', train_images=6, test_images=6)
    return root


@pytest.fixture
def small(monkeypatch):
    """Smaller batches, which take less time."""
    input_part = pytest.importorskip('benchmark.suite.speed.input')
    monkeypatch.setattr(input_part, 'BATCH', 2)
    monkeypatch.setattr(input_part, 'BATCH_OF_SINGLES', 1)
    return monkeypatch


def _measure(capsys, *arguments):
    assert speed.main(['input', '--json', '--seconds', '0', *map(str, arguments)]) == 0
    (measurement,) = json.loads(capsys.readouterr().out)
    return measurement


def test_json_holds_every_way_with_ratios_to_the_first(small, drawn, capsys):
    measurement = _measure(capsys, '--data-root', drawn)
    assert measurement['part'] == 'input'
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


def test_table_is_printed(small, drawn, capsys):
    assert speed.main(['input', '--seconds', '0', '--data-root', str(drawn)]) == 0
    out = capsys.readouterr().out
    assert out.count('input ') >= 4
    assert 'Synthetic faces' in out


def test_test_faces_are_taken_where_there_are_no_others(small, drawn, tmp_path, capsys):
    prepared = open_prepared(drawn, 'synthetic-98')
    write_prepared(tmp_path, 'wflw', [], prepared.train[:3], prepared.image_root)
    assert '3 test faces of WFLW, 98 landmarks' in _measure(capsys, '--data-root', tmp_path)['about']


def test_faces_are_drawn_where_nothing_is_prepared(small, tmp_path, capsys):
    small.setattr('benchmark.suite.speed.input.FACES', 8)
    measurement = _measure(capsys, '--data-root', tmp_path)
    assert '4 newly drawn faces of Synthetic faces' in measurement['about']
    assert not list(tmp_path.iterdir())


def test_data_root_that_is_not_there_is_one_line_and_exit_status_2(tmp_path, capsys):
    assert speed.main(['input', '--data-root', str(tmp_path / 'nowhere')]) == 2
    assert (
        capsys.readouterr().err
        == f'error: --data-root {tmp_path / "nowhere"}: no such folder (make it, or prepare data into it)\n'
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


@pytest.mark.parametrize('arguments', [[], ['nothing'], ['input', '--seconds', '-1'], ['input', '--seconds', 'nan']])
def test_wrong_usage_exits_with_2(arguments, capsys):
    with pytest.raises(SystemExit) as exit_:
        speed.main(arguments)
    assert exit_.value.code == 2
    assert 'usage: python -m benchmark.speed' in capsys.readouterr().err


def test_help_names_the_parts_without_loading_them():
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.speed', '--help']
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert 'input: training samples' in ' '.join(done.stdout.split())
    assert 'torch' not in done.stderr
