from __future__ import annotations

import difflib
import os
import shutil
import subprocess
import sys

import numpy as np
import pytest

from benchmark.datasets.image_source import ImageSource
from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.datasets.synthetic.sampling import CONDITIONS
from benchmark.errors import BenchmarkError
from benchmark.records.perturbations import (
    GRID,
    UNCHANGED,
    Perturbations,
    Point,
    headline_nme,
    write_perturbations,
)
from benchmark.records.predictions import Predictions
from benchmark.records.record import read_record
from benchmark.site.build import Site, build_reports
from benchmark.site.pages.faces import Photographs
from tests.results import edit_record

OWN_FILE = '.store.sqlite'


def _contents(folder):
    files = (path for path in folder.rglob('*') if path.is_file() and path.name != OWN_FILE)
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.fixture
def made(monkeypatch):
    """Names of the pages that have been made since the last look."""
    names, original = [], Site.files

    def files(self, page):
        names.append(page)
        return original(self, page)

    monkeypatch.setattr(Site, 'files', files)

    def look():
        found = set(names)
        names.clear()
        return found

    return look


def test_building_again_gives_the_same_bytes(filled, tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'elsewhere' / 'second'
    for folder in (first, second):
        shutil.copytree(filled / 'records', folder / 'records')
        build_reports(folder)
    build_reports(first)
    assert _contents(first) == _contents(second)


def test_written_files_are_named(filled, tmp_path):
    shutil.copytree(filled / 'records', tmp_path / 'records')
    written = {path.relative_to(tmp_path).as_posix() for path in build_reports(tmp_path).files}
    assert {path for path in _contents(tmp_path) if not path.startswith('records/')} == written
    names = ('300w', 'wflw', 'synthetic-29', 'synthetic-68', 'synthetic-98')
    assert written >= {
        'README.md',
        'index.html',
        'errata.html',
        'errata.md',
        'definitions.html',
        *(f'{name}.html' for name in names),
    }
    assert written >= {'figures/300w.svg', 'figures/synthetic-68.svg', 'assets/page.css', 'assets/board.js'}
    assert not [path for path in written if path.endswith('.png')]
    assert written >= {'300w.md', 'exports/300w.csv', 'exports/300w.json', 'experiments/300w_resnet-18_star.html'}


def test_nothing_is_made_again_without_a_change(factory, made):
    factory.add('synthetic-29')
    first = build_reports(factory.reports).files
    row = 'experiments/synthetic-29_resnet-18_star.html'
    assert made() == {'assets', 'index.html', 'errata.html', 'definitions.html', 'synthetic-29.html', row}
    assert build_reports(factory.reports).files == first
    assert made() == set()


def test_one_more_record_makes_only_the_pages_that_show_it(factory, made):
    factory.add('synthetic-29', 'smooth-L1')
    factory.add('synthetic-29', 'STAR')
    factory.add('synthetic-29', 'Wing')
    factory.add('synthetic-68', 'STAR')
    build_reports(factory.reports)
    made()
    factory.add('synthetic-29', 'STAR', seed=1)
    build_reports(factory.reports)
    assert made() == {'index.html', 'synthetic-29.html', 'experiments/synthetic-29_resnet-18_star.html'}
    factory.add('synthetic-29', 'smooth-L1', seed=1)
    build_reports(factory.reports)
    losses = ('star', 'smooth-l1', 'wing')
    assert made() == {
        *('index.html', 'synthetic-29.html'),
        *(f'experiments/synthetic-29_resnet-18_{loss}.html' for loss in losses),
    }


@pytest.mark.parametrize('change', [lambda path: path.write_text('changed'), lambda path: path.unlink()])
@pytest.mark.parametrize(
    'name', ['synthetic-29.html', 'figures/synthetic-29.svg', 'assets/board.js', 'exports/synthetic-29.csv']
)
def test_file_that_was_touched_is_made_again(factory, change, name):
    factory.add('synthetic-29')
    build_reports(factory.reports)
    before = _contents(factory.reports)
    change(factory.reports / name)
    build_reports(factory.reports)
    assert _contents(factory.reports) == before


def test_figures_become_files_of_their_own_when_asked_for(factory, tmp_path):
    for loss in ('smooth-L1', 'STAR'):
        factory.add('synthetic-29', loss)
    build = build_reports(tmp_path / 'own', [factory.reports], png=True)
    names = {
        f'figures/{name}-synthetic-29.{kind}' for name in ('ced', 'forest', 'landmarks') for kind in ('svg', 'png')
    }
    assert names <= {path.relative_to(tmp_path / 'own').as_posix() for path in build.files}
    assert (tmp_path / 'own' / 'figures' / 'ced-synthetic-29.png').read_bytes().startswith(b'\x89PNG')
    build_reports(tmp_path / 'own', [factory.reports])
    assert [path.name for path in (tmp_path / 'own' / 'figures').iterdir()] == ['synthetic-29.svg']


def test_own_and_published_records_are_shown_together(factory, tmp_path):
    own = type(factory)(tmp_path / 'results')
    factory.add('synthetic-29', 'STAR', seed=0)
    factory.add('synthetic-29', 'smooth-L1', seed=0)
    before = _contents(factory.reports)
    own.add('synthetic-29', 'STAR', seed=1)
    own.add('synthetic-29', 'STAR', seed=0, created='2026-11-28T10:00:00Z')
    own.add(
        'synthetic-29', 'smooth-L1', seed=0, status='no-data', reason='no data here', created='2026-11-28T10:00:00Z'
    )
    (section,) = build_reports(own.reports, [own.reports, factory.reports]).sections
    found = {row.loss: [(run.record.seed, run.path.parents[1].name) for run in row.done] for row in section.rows}
    assert found == {
        'smooth-L1': [(0, 'reports')],
        'STAR': [(0, 'reports')],
        'STAR (own)': [(0, 'results'), (1, 'results')],
    }
    assert [row.notes for row in section.rows] == [(), (), ()]
    assert _contents(factory.reports) == before
    page = (own.reports / 'experiments' / 'synthetic-29_resnet-18_smooth-l1.html').read_text()
    assert 'href="../../reports/records/synthetic-29_resnet-18_smooth-l1-seed0' in page


def test_one_more_record_changes_few_lines_of_few_files(factory):
    for loss in ('smooth-L1', 'STAR'):
        for seed in range(3):
            factory.add('wflw', loss, seed, sizes={'full': 400})
    factory.add('300w')
    build_reports(factory.reports)
    before = _contents(factory.reports)
    for change in ({'loss': 'STAR', 'seed': 3}, {'loss': 'Wing', 'seed': 0}):
        factory.add('wflw', sizes={'full': 400}, **change)
        build_reports(factory.reports)
        after = _contents(factory.reports)
        shown = {path for path in after if not path.startswith('records/') and after[path] != before.get(path)}
        lines = sum(_changed_lines(before.get(path, b''), after[path]) for path in shown)
        # With the table of the project's README, eleven files.
        assert len(shown) <= 10 and lines <= 340, change
        before = after


def _changed_lines(old, new):
    comparison = difflib.unified_diff(old.decode().splitlines(), new.decode().splitlines(), n=0)
    return sum(line.startswith(('+', '-')) for line in list(comparison)[2:])


def test_published_pages_are_those_that_their_records_make(root, tmp_path):
    for part in ('records', 'speed', 'plans', 'residuals', 'perturbations', 'ambiguity', 'tuning'):
        if (root / 'reports' / part).is_dir():
            shutil.copytree(root / 'reports' / part, tmp_path / 'reports' / part)
    build_reports(tmp_path / 'reports')
    fresh, published = _contents(tmp_path / 'reports'), _contents(root / 'reports')
    assert fresh.keys() == published.keys()
    assert [path for path in fresh if fresh[path] != published[path]] == []


def test_empty_folder_gives_pages_that_say_how_to_run(tmp_path):
    build_reports(tmp_path / 'reports')
    for name in ('README.md', 'index.html'):
        text = (tmp_path / 'reports' / name).read_text()
        assert 'Nothing has been run yet' in text
        assert 'python -m benchmark.run --all' in text
        assert 'COFW_train_color.mat' in text.replace('\\_', '_')


@pytest.mark.parametrize('suffix', ['json', 'npz'])
def test_damaged_file_is_named_and_leaves_the_pages_alone(factory, suffix):
    factory.add('synthetic-29')
    build_reports(factory.reports)
    before = _contents(factory.reports)
    damaged = next((factory.reports / 'records').glob(f'*.{suffix}'))
    damaged.write_bytes(damaged.read_bytes()[:200])
    with pytest.raises(BenchmarkError) as caught:
        build_reports(factory.reports)
    assert str(damaged) in str(caught.value) and '\n' not in str(caught.value)
    before.pop(damaged.relative_to(factory.reports).as_posix())
    after = _contents(factory.reports)
    assert {path: after[path] for path in before} == before


def test_files_of_rows_that_are_gone_are_removed_and_others_are_kept(factory):
    factory.add('synthetic-29')
    factory.add('synthetic-68')
    build_reports(factory.reports)
    foreign = [factory.reports / name for name in ('figures/mine.svg', 'notes.md', 'exports/mine.csv')]
    for path in foreign:
        path.write_text('mine')
    for path in (factory.reports / 'records').glob('synthetic-29*'):
        path.unlink()
    (factory.reports / OWN_FILE).unlink()
    build_reports(factory.reports)
    left = {path for path in _contents(factory.reports) if 'synthetic-29' in path}
    assert left == set()
    assert all(path.read_text() == 'mine' for path in foreign)


def test_many_pages_are_made_by_several_processes_with_the_same_bytes(factory, tmp_path, monkeypatch):
    for seed, loss in enumerate(('smooth-L1', 'STAR')):
        factory.add('synthetic-29', loss, seed)
    build_reports(factory.reports)
    shutil.copytree(factory.reports / 'records', tmp_path / 'other' / 'records')
    monkeypatch.setattr('benchmark.site.build._WORTH_PROCESSES', 1)
    monkeypatch.setattr('benchmark.analysis.runs._WORTH_PROCESSES', 1)
    build_reports(tmp_path / 'other')
    assert _contents(tmp_path / 'other') == _contents(factory.reports)


def test_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / 'reports').write_text('a file')
    with pytest.raises(BenchmarkError, match='cannot write the pages') as caught:
        build_reports(tmp_path / 'reports')
    assert str(tmp_path / 'reports') in str(caught.value)


@pytest.mark.skipif(os.name != 'posix', reason='file modes are POSIX')
def test_pages_are_readable_by_everybody(tmp_path):
    for path in build_reports(tmp_path).files:
        assert path.stat().st_mode & 0o777 == 0o644


def test_no_training_code_is_imported(tmp_path):
    code = (
        'import sys; from pathlib import Path; from benchmark.site.build import build_reports; '
        f'build_reports(Path({str(tmp_path)!r})); '
        "print([name for name in ('torch', 'mmengine', 'mmpose') if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, '-c', code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == '[]'


@pytest.fixture
def drawn(tmp_path, factory):
    """Prepared drawn faces, and two records with predictions on them."""
    manifest = prepare_synthetic(tmp_path / 'data', 'synthetic-29', train_images=1, test_images=len(CONDITIONS))
    faces = open_prepared(tmp_path / 'data', 'synthetic-29').test
    truth = np.stack([face.keypoints for face in faces])
    for loss, error in (('smooth-L1', 3.0), ('STAR', 2.0)):
        noise = error * np.random.default_rng(len(loss)).normal(size=truth.shape)
        eyes = np.linalg.norm(truth[:, 8] - truth[:, 9], axis=1)
        predictions = Predictions(
            image_ids=np.array([face.image for face in faces]),
            subset_names=np.array(['full']),
            subsets=np.ones((len(faces), 1), bool),
            keypoints=(truth + noise).astype(np.float32),
            distances=np.linalg.norm(noise, axis=-1).astype(np.float32),
            inter_ocular=eyes.astype(np.float32),
            inter_pupil=(eyes / 1.4).astype(np.float32),
        )
        record = factory.add('synthetic-29', loss, predictions=predictions)
        path = factory.reports / 'records' / record.file_name
        edit_record(path, dataset={**record.dataset.model_dump(), 'fingerprint': manifest.fingerprint})
    return tmp_path / 'data', factory.reports


def test_photographs_are_put_behind_faces_in_another_folder_alone(drawn, tmp_path):
    data, reports = drawn
    build_reports(reports)
    before = _contents(reports)
    build_reports(tmp_path / 'with-images', [reports], Photographs(ImageSource(data)))
    assert _contents(reports) == before
    assert not [
        path for path, content in before.items() if path.endswith(('.html', '.svg')) and b'data:image/jpeg' in content
    ]
    page = (tmp_path / 'with-images' / 'experiments' / 'synthetic-29_resnet-18_star.html').read_text()
    sheet = (tmp_path / 'with-images' / 'figures' / 'synthetic-29.svg').read_text()
    assert page.count('data:image/jpeg') >= 6 and sheet.count('data:image/jpeg') >= 6
    assert 'reports/records/synthetic-29_resnet-18_star-seed0' in page


def test_photographs_of_other_data_are_left_out(drawn, tmp_path):
    _, reports = drawn
    prepare_synthetic(tmp_path / 'other', 'synthetic-29', train_images=1, test_images=len(CONDITIONS), seed=1)
    build_reports(tmp_path / 'with-images', [reports], Photographs(ImageSource(tmp_path / 'other')))
    assert b'data:image/jpeg' not in b''.join(_contents(tmp_path / 'with-images').values())


def test_unreadable_photograph_is_named(drawn, tmp_path):
    data, reports = drawn
    prepared = open_prepared(data, 'synthetic-29')
    path = prepared.image_path(prepared.test[0])
    path.write_bytes(b'no image')
    with pytest.raises(BenchmarkError, match='not a readable image') as caught:
        build_reports(tmp_path / 'with-images', [reports], Photographs(ImageSource(data)))
    assert str(path) in str(caught.value)


def test_rows_in_other_boxes_have_pages_of_their_own_that_go_with_them(factory, add_published):
    add_published(name='trained')
    (given,) = add_published(weights='official weights', boxes='WFLW rectangles')
    build_reports(factory.reports)
    usual, detected = ((factory.reports / f'wflw{suffix}.html').read_text() for suffix in ('', '-rectangles'))
    assert 'WFLW rectangle x 1' in detected and 'WFLW rectangle x 1' not in usual
    assert 'A protocol of its own' in detected and 'A protocol of its own' not in usual
    assert '4.02' in usual and '4.02' not in detected, 'the published figure stands beside boxes of the landmarks alone'
    for path in (factory.reports / 'records').glob(f'{given.file_name.removesuffix(".json")}*'):
        path.unlink()
    build_reports(factory.reports)
    assert not list(factory.reports.rglob('*rectangles*'))


def test_curve_of_perturbed_boxes_is_on_the_page_of_its_row(factory, add_published, made):
    (record,) = add_published(weights='given weights')
    build_reports(factory.reports)
    (page,) = (path for path in made() if path.startswith('experiments/'))
    assert 'In perturbed face boxes' not in (factory.reports / page).read_text()
    path = factory.reports / 'records' / record.file_name
    record = read_record(path)
    nme = headline_nme(record.metrics, 'inter-ocular')
    measured = Perturbations(
        **{key: getattr(record, key) for key in ('name', 'fingerprint', 'benchmark', 'predictions_sha256')},
        weights_sha256=record.weights.sha256,
        normalizer='inter-ocular',
        images=2500,
        points=[Point(scale=a, shift=b, nme=nme if (a, b) == UNCHANGED else 12.34) for a, b in GRID],
    )
    write_perturbations(measured, path)
    build_reports(factory.reports)
    assert page in made()
    text = (factory.reports / page).read_text()
    assert 'In perturbed face boxes' in text and text.count('<td>12.34</td>') == len(GRID) - 1
