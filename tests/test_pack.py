"""The command as a user types it, and what becomes of a pack."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec

import numpy as np
import pytest
import yaml

from benchmark.pack import main
from benchmark.predict import main as predict
from benchmark.records.packs import SUMS, open_pack, write_sums
from benchmark.records.record import read_record
from benchmark.verify import main as verify
from tests.results import edit_record

ONNX = ['--without-onnx'] * (not (find_spec('onnx') and find_spec('onnxruntime')))


def call(workshop, *arguments: str) -> int:
    folders = ['--results', str(workshop.folder / 'results'), '--work-dir', str(workshop.folder / 'work')]
    return main([*folders, *arguments])


@pytest.fixture(scope='module')
def packed(finished, tmp_path_factory):
    """STAR's training as a pack."""
    output = tmp_path_factory.mktemp('packs')
    assert call(finished[0], 'tiny-star', '--output', str(output), *ONNX) == 0
    (folder,) = output.iterdir()
    return folder


@pytest.fixture
def another(packed, tmp_path):
    """A copy of it, to be damaged."""
    subprocess.run(['cp', '-r', packed, tmp_path / 'pack'], check=True)
    return tmp_path / 'pack'


def test_pack_holds_what_it_names(packed):
    assert subprocess.run(['sha256sum', '-c', SUMS], cwd=packed, capture_output=True, check=False).returncode == 0
    pack = open_pack(packed)
    assert pack.config.name == 'tiny-star.py'
    assert (pack.onnx is None) == bool(ONNX)


def test_card_has_the_numbers_of_the_record(packed):
    (record,) = (packed / 'records').glob('*.json')
    record = read_record(record)
    _, head, body = (packed / 'README.md').read_text().split('---\n', 2)
    (model,) = yaml.safe_load(head)['model-index']
    values = {metric['name']: metric['value'] for metric in model['results'][0]['metrics']}
    nme = next(one for one in record.metrics if (one.metric, one.normalizer) == ('nme', 'inter-pupil'))
    assert values['NME, inter-pupil, percent'] == pytest.approx(nme.value, abs=1e-4)
    assert f'| NME | full | inter-pupil | {nme.value:.2f} |' in body
    assert record.box in body and record.fingerprint in body


def test_card_is_one_that_hugging_face_reads(packed):
    hub = pytest.importorskip('huggingface_hub')
    card = hub.ModelCard.load(packed / 'README.md')
    assert {one.metric_type for one in card.data.eval_results} == {'nme', 'fr', 'auc'}
    assert card.data.license == 'apache-2.0'


def test_pack_is_tested_to_the_same_predictions(packed, finished, workshop):
    """Without a configuration: the pack has its own."""
    result = workshop.call('--evaluate', str(packed))
    assert result.returncode == 0, result.stderr
    (given,) = workshop.records()
    trained = next(record for record in finished[0].records() if record.name == 'tiny-star')
    assert given.metrics == trained.metrics
    mine, other = (
        np.load(one.folder / 'results' / 'records' / record.predictions)['keypoints']
        for one, record in ((workshop, given), (finished[0], trained))
    )
    np.testing.assert_array_equal(mine, other)


def test_landmarks_are_predicted_with_a_pack(packed, tiny_data, tmp_path):
    image = tiny_data / 'synthetic-29' / 'images' / 'test' / '00000.png'
    assert predict([str(image), '--weights', str(packed), '--output', str(tmp_path), '--device', 'cpu']) == 0
    written = json.loads((tmp_path / '00000.landmarks.json').read_text())
    assert 'tiny-star' in json.dumps(written)


def test_pack_is_verified(packed, finished, capsys):
    assert verify([str(packed), '--results', str(finished[0].folder / 'results')]) == 0
    assert 'holds' in capsys.readouterr().out


@pytest.mark.parametrize('fault', ['changed', 'missing', 'added', 'sums'])
def test_damaged_pack_is_refused_in_one_line(another, workshop, capsys, fault):
    weights = another / 'weights.pth'
    if fault == 'changed':
        weights.write_bytes(weights.read_bytes()[:-1] + b'x')
    elif fault == 'missing':
        weights.unlink()
    elif fault == 'added':
        (another / 'more.py').write_text('')
    else:
        (another / SUMS).write_text('nothing')
    name = {'added': 'more.py', 'sums': SUMS}.get(fault, 'weights.pth')
    assert verify([str(another)]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f'error: {another / name}: ')
    assert workshop.call('--evaluate', str(another)).stderr.splitlines()[-1] == line


@pytest.mark.parametrize('says', ['import os', "x = dict(type='os.system')"])
def test_configuration_of_a_pack_runs_no_code(another, capsys, says):
    """Although everything else was made to fit it."""
    config, (record,) = another / 'tiny-star.py', (another / 'records').glob('*.json')
    text = f'{config.read_text()}\n{says}\n'
    config.write_text(text)
    edit_record(record, config=text)
    (another / SUMS).unlink()
    write_sums(another)
    assert verify([str(another)]) == 1
    assert capsys.readouterr().err.startswith(f'error: {config}: not used: ')


@pytest.mark.parametrize(
    ('arguments', 'status', 'parts'),
    [
        (['nothing-like-it'], 2, ['no finished training', 'tiny-smoothl1, tiny-star']),
        (['tiny'], 2, ['part of 2 names', 'tiny-smoothl1, tiny-star']),
        (['tiny-star', '--seeds', '7'], 2, ['--seeds 7', 'there are: 0']),
        (['tiny-star', '--output', '/proc/none', '--without-onnx'], 1, ['cannot write the pack', '--output']),
    ],
)
def test_what_cannot_be_packed_is_one_line(finished, capsys, arguments, status, parts):
    assert call(finished[0], *arguments) == status
    (line,) = capsys.readouterr().err.splitlines()
    for part in parts:
        assert part in line


def test_pack_that_exists_is_left_as_it_is(packed, finished, capsys):
    before = (packed / SUMS).read_text()
    assert call(finished[0], 'tiny-star', '--output', str(packed.parent), *ONNX) == 1
    assert 'exists already' in capsys.readouterr().err
    assert (packed / SUMS).read_text() == before


def test_training_whose_checkpoint_is_gone_is_one_line(finished, tmp_path, capsys):
    results, work = str(finished[0].folder / 'results'), str(tmp_path)
    assert main(['tiny-star', '--results', results, '--work-dir', work, '--output', str(tmp_path), *ONNX]) == 1
    assert 'no checkpoint of this training' in capsys.readouterr().err


def test_folders_are_told_to_programs(finished, tmp_path, capsys):
    assert call(finished[0], 'tiny-smoothl1', '--output', str(tmp_path), '--without-onnx', '--json') == 0
    (folder,) = json.loads(capsys.readouterr().out)
    assert open_pack(tmp_path / folder).onnx is None
