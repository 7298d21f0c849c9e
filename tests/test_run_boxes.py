"""Face boxes on the command line of benchmark.run: from a file, and perturbed."""

from __future__ import annotations

import hashlib
import json

import numpy as np
import pytest

from benchmark.datasets.prepared import open_prepared
from benchmark.records.perturbations import GRID, UNCHANGED, find_perturbations, headline_nme
from benchmark.report import main as report

OFFICIAL_CROP = """
_base_ = './tiny-smoothl1.py'
test_dataloader = dict(dataset=dict(pipeline=[
    dict(type='LoadImage', color_type='color_ignore_orientation'),
    dict(type='FaceBox', padding=1.0, align_corners=True, input_size=(64, 64)),
    dict(type='TopdownAffine', input_size=(64, 64)),
    dict(type='PackPoseInputs'),
]))
"""


@pytest.fixture
def evaluate(workshop, finished):
    """The command that tests what a run has trained, with more options behind it."""
    (checkpoint,) = (finished[0].folder / 'work').glob('tiny-smoothl1-seed0-*/epoch_6.pth')
    workshop.write_config('tiny-official', OFFICIAL_CROP)

    def run(config, *options):
        return workshop.call('--evaluate', str(checkpoint), '--config', config, *options)

    return run


@pytest.fixture
def table(workshop):
    """Writes a table of official crops, larger than the landmarks' boxes by a factor, of all test faces but some."""

    def write(factor=1.0, leave_out=0, name='test.tsv'):
        rows = ['image_path\tlandmarks_29pts\tscale\tcenter_w\tcenter_h']
        for face in open_prepared(workshop.data, 'synthetic-29').test[leave_out:]:
            low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
            crop = factor * (high - low).max() / 200, *((low + high) / 2)
            points = ','.join(map(str, face.keypoints.ravel().tolist()))
            rows.append('\t'.join([face.image, points, *(repr(float(one)) for one in crop)]))
        path = workshop.folder / name
        path.write_text('\n'.join(rows))
        return path

    return write


def test_weights_in_official_boxes_are_a_row_of_another_protocol(workshop, evaluate, table, capsys):
    assert evaluate('tiny-official').returncode == 0
    (usual,) = workshop.records()
    assert usual.boxes is None and usual.box == 'landmark bounding box x 1, official crop'
    same = evaluate('tiny-official', '--boxes', str(table()))
    assert same.returncode == 0, same.stderr
    (first,) = [record for record in workshop.records() if record.boxes]
    assert first.box == 'official box x 1, official crop'
    assert first.boxes.kind == 'official table' and first.boxes.file == 'test.tsv'
    assert first.boxes.sha256 == hashlib.sha256(table().read_bytes()).hexdigest()
    np.testing.assert_allclose(*([one.value for one in record.metrics] for record in (usual, first)), rtol=1e-4)
    assert evaluate('tiny-official', '--boxes', str(table(1.3, name='wide.tsv'))).returncode == 0
    larger = next(record for record in workshop.records() if record.boxes and record.boxes != first.boxes)
    assert len({record.fingerprint for record in (usual, first, larger)}) == 3
    assert len({record.recipe for record in (usual, first, larger)}) == 3
    assert larger.metrics[0].value != pytest.approx(first.metrics[0].value, rel=0.01)
    results = workshop.folder / 'results'
    own, other = ((results / f'synthetic-29{suffix}.md').read_text() for suffix in ('', '-official-boxes'))
    assert 'official box x 1' in other and 'official box x 1' not in own
    assert 'landmark bounding box' in own and 'landmark bounding box' not in other
    assert 'Synthetic faces, 29 landmarks, official boxes' in (results / 'index.html').read_text()
    folders = ['--results', str(results), '--reports', str(results)]
    assert report([*folders, 'compare', 'tiny-official [epoch_6.pth]', 'test.tsv']) == 2
    assert 'name two rows of one benchmark, in face boxes of one kind' in capsys.readouterr().err


def test_boxes_that_do_not_fit_are_one_line_and_no_row(workshop, evaluate, table):
    lacking = evaluate('tiny-official', '--boxes', str(table(leave_out=2)))
    assert lacking.returncode == 1
    assert 'error: ' in lacking.stderr and 'test.tsv: 2 of 8 test faces have no box in it: test/00000' in lacking.stderr
    padded = evaluate('tiny-smoothl1', '--boxes', str(table()))
    assert padded.returncode == 1
    assert 'a table of official crops' in padded.stderr and 'landmark bounding box x 1.25' in padded.stderr
    absent = evaluate('tiny-official', '--boxes', 'nowhere.tsv')
    assert absent.returncode == 2 and 'error: --boxes nowhere.tsv: no such file' in absent.stderr
    assert workshop.records() == []


@pytest.mark.parametrize(
    ('options', 'message'),
    [
        (['--all', '--boxes', 'x.tsv'], '--boxes goes with --evaluate'),
        (['--all', '--perturb'], '--perturb goes with --evaluate'),
        (['--evaluate', 'x', '--config', 'y', '--boxes', 'z', '--perturb'], '--perturb goes without --boxes'),
    ],
)
def test_boxes_are_of_given_weights_alone(workshop, options, message):
    result = workshop.call(*options)
    assert result.returncode == 2 and message in result.stderr


def test_perturbed_boxes_make_a_curve_that_passes_through_the_row(workshop, evaluate):
    result = evaluate('tiny-smoothl1', '--perturb')
    assert result.returncode == 0, result.stderr
    (record,) = workshop.records()
    records = workshop.folder / 'results' / 'records'
    found = find_perturbations(records / record.file_name, record)
    values = {(point.scale, point.shift): point.nme for point in found.points}
    assert tuple(values) == GRID
    assert values[UNCHANGED] == headline_nme(record.metrics, 'inter-pupil')
    assert len(set(values.values())) == len(GRID)
    (page,) = (workshop.folder / 'results' / 'experiments').glob('*.html')
    text = page.read_text()
    assert 'In perturbed face boxes' in text and 'Perturbed boxes: NME of 8 test images' in text
    data = json.loads((workshop.folder / 'results' / 'exports' / 'synthetic-29.json').read_text())
    assert len(data['rows']) == 1, 'a perturbation is no row'
