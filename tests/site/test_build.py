from __future__ import annotations

import os
import shutil

import pytest

from benchmark.errors import BenchmarkError
from benchmark.site import build_reports


def _contents(folder):
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob('*') if path.is_file()}


def test_building_again_gives_the_same_bytes(filled, tmp_path):
    first, second = tmp_path / 'first', tmp_path / 'elsewhere' / 'second'
    for folder in (first, second):
        shutil.copytree(filled / 'records', folder / 'records')
        build_reports(folder)
    build_reports(first)
    assert _contents(first) == _contents(second)


def test_written_files_are_named(filled, tmp_path):
    shutil.copytree(filled / 'records', tmp_path / 'records')
    written = {path.relative_to(tmp_path).as_posix() for path in build_reports(tmp_path)}
    names = ('300w', 'synthetic-68', 'synthetic-98')
    assert written == {'README.md', 'index.html', *(f'figures/ced-{name}.svg' for name in names)}
    assert {path for path in _contents(tmp_path) if not path.startswith('records/')} == written


def test_empty_folder_gives_a_page_that_says_how_to_run(tmp_path):
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


def test_figure_of_a_benchmark_without_results_is_removed(factory):
    factory.add('synthetic-29')
    factory.add('synthetic-68')
    build_reports(factory.reports)
    foreign = factory.reports / 'figures' / 'mine.svg'
    foreign.write_text('<svg/>')
    for path in (factory.reports / 'records').glob('synthetic-29*'):
        path.unlink()
    build_reports(factory.reports)
    assert {path.name for path in foreign.parent.iterdir()} == {'ced-synthetic-68.svg', 'mine.svg'}


def test_folder_that_cannot_be_written_to_is_named(tmp_path):
    (tmp_path / 'reports').write_text('a file')
    with pytest.raises(BenchmarkError, match='cannot write the reports') as caught:
        build_reports(tmp_path / 'reports')
    assert str(tmp_path / 'reports') in str(caught.value)


@pytest.mark.skipif(os.name != 'posix', reason='file modes are POSIX')
def test_pages_are_readable_by_everybody(tmp_path):
    for path in build_reports(tmp_path):
        assert path.stat().st_mode & 0o777 == 0o644
