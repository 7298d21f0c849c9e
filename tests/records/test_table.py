"""Reading a predictions file from elsewhere: as a table, or with NumPy alone, as the documentation shows it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import benchmark.records
from benchmark.errors import BenchmarkError
from benchmark.records import load_predictions, read_predictions, save_predictions

DOCS = Path(__file__).resolve().parents[2] / 'docs'


def _example(page, name):
    return re.search(rf'<!-- example: {name} -->\n```python\n(.*?)```', (DOCS / page).read_text(), re.DOTALL)[1]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_table_has_one_row_an_image(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    table = load_predictions(tmp_path / 'p.npz')
    assert table.index.name == 'image'
    assert table.index.tolist() == ['a.png', 'b.png', 'c.png']
    subsets = ['full', 'common', 'challenge']
    assert table[subsets].to_numpy().tolist() == predictions.subsets.tolist()
    assert [str(table[name].dtype) for name in subsets] == ['bool'] * 3
    numbers = ['mean_distance', 'inter_ocular', 'inter_pupil', 'nme_inter_ocular', 'nme_inter_pupil']
    assert list(table.columns) == subsets + numbers
    assert table['inter_ocular'].tolist() == [30, 40, 50] and table['inter_pupil'].tolist() == [20, 30, 40]
    means = predictions.distances.mean(axis=1, dtype=np.float64)
    assert table['mean_distance'].tolist() == means.tolist()
    assert table['nme_inter_ocular'].tolist() == predictions.nme('inter-ocular').tolist()
    assert table['nme_inter_pupil'].tolist() == pytest.approx((means / [20, 30, 40]).tolist(), rel=1e-12)
    common = table.loc[table['common'], 'nme_inter_pupil']
    assert common.tolist() == predictions.nme('inter-pupil', 'common').tolist()


def test_path_may_be_text_and_a_file_plain(predictions, tmp_path):
    arrays = {name: array for name, array in vars(predictions).items() if array is not None}
    np.savez(tmp_path / 'plain.npz', **arrays)
    table = load_predictions(str(tmp_path / 'plain.npz'))
    assert table['nme_inter_pupil'].tolist() == predictions.nme('inter-pupil').tolist()


def test_absent_file_is_refused_by_name(tmp_path):
    with pytest.raises(BenchmarkError, match=r'nowhere\.npz: not a readable predictions file'):
        load_predictions(tmp_path / 'nowhere.npz')


def test_records_are_read_and_written_without_pandas(predictions, tmp_path):
    save_predictions(predictions, tmp_path / 'p.npz')
    code = (
        'import sys; from benchmark.records import *; from pathlib import Path; '
        f'path = Path({str(tmp_path / "p.npz")!r}); save_predictions(read_predictions(path), path); '
        "before = 'pandas' in sys.modules; load_predictions(path); print(before, 'pandas' in sys.modules)"
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert found.stdout.split() == ['False', 'True']


def test_every_public_name_is_there():
    assert all(callable(getattr(benchmark.records, name)) for name in benchmark.records.__all__)


def test_documented_lines_decode_a_file_with_numpy_alone(factory, here):
    predictions = factory.predictions('synthetic-29', 'STAR', 0, {'full': 40}, 0.05)
    save_predictions(predictions, here / 'predictions.npz')
    code = _example('records.md', 'decoding')
    assert re.findall(r'import (\S+)', code) == ['numpy']
    names = {}
    exec(code, names)
    loaded = read_predictions(here / 'predictions.npz')
    with np.load(here / 'predictions.npz', allow_pickle=False) as file:
        for name in ('keypoints', 'distances', 'covariances', 'ambiguity'):
            decoded = names['decoded'](file, name)
            assert decoded.dtype == getattr(loaded, name).dtype
            np.testing.assert_array_equal(decoded, getattr(loaded, name))
    np.testing.assert_array_equal(names['keypoints'], loaded.keypoints)
    np.testing.assert_array_equal(names['distances'], loaded.distances)
    np.testing.assert_array_equal(names['nme'], predictions.nme('inter-ocular'))


def test_documented_lines_print_the_worst_images(predictions, here, capsys):
    save_predictions(predictions, here / 'predictions.npz')
    exec(_example('records.md', 'table'), {})
    lines = capsys.readouterr().out.splitlines()
    worst = predictions.image_ids[np.argmax(predictions.nme('inter-ocular'))]
    assert len(lines) == 5 and lines[1].startswith(worst)


def test_documented_plain_file_is_read(predictions, here):
    (here / 'reports' / 'records').mkdir(parents=True)
    exec(_example('submitting.md', 'plain'), {'np': np, **vars(predictions)})
    loaded = read_predictions(here / 'reports' / 'records' / 'NAME.npz')
    np.testing.assert_array_equal(loaded.distances, predictions.distances)
    np.testing.assert_array_equal(loaded.nme('inter-ocular'), predictions.nme('inter-ocular'))
