from __future__ import annotations

import json

import pytest

from benchmark.datasets.drawing import GENERATOR_VERSION
from benchmark.datasets.manifest import OutdatedDataError
from benchmark.datasets.prepared import find_prepared, open_prepared, read_manifest
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS


@pytest.mark.parametrize('benchmark', list(BENCHMARKS))
def test_absent_data_says_what_to_run(tmp_path, benchmark):
    with pytest.raises(BenchmarkError) as caught:
        read_manifest(tmp_path, benchmark)
    command = 'synthetic' if benchmark.startswith('synthetic') else f'{benchmark} --source DIR'
    assert str(caught.value) == (
        f'{benchmark}: no prepared data in {tmp_path / benchmark} (run: python -m benchmark.prepare {command})'
    )


def _edited(**changes):
    def edit(text):
        return json.dumps({**json.loads(text), **changes})

    return edit


@pytest.mark.parametrize(
    ('edit', 'named'),
    [
        (lambda text: '', 'Invalid JSON'),
        (lambda text: text[:100], 'Invalid JSON'),
        (lambda text: '[]', 'file'),
        (lambda text: text.replace('fingerprint', 'finger'), 'fingerprint'),
        (_edited(fingerprint='abc'), 'fingerprint'),
        (_edited(train_images=-1), 'train_images'),
        (_edited(train_images='many'), 'train_images'),
        (_edited(complete=None), 'complete'),
        (_edited(extra=1), 'extra'),
        (_edited(schema_version='2'), 'schema_version'),
        (_edited(pixels=None), 'pixels'),
        (_edited(drawing={'seed': -1, 'generator': 2}), 'drawing.seed'),
        (_edited(benchmark='wflw'), 'not one of 300w'),
        (_edited(subset_images={'full': 2}), 'not one of 300w'),
        (_edited(annotation_sha256={}), 'annotation_sha256'),
    ],
)
def test_damaged_manifest_is_one_line_with_its_key(tmp_path, write, edit, named):
    write()
    path = tmp_path / 'data' / '300w' / 'manifest.json'
    path.write_text(edit(path.read_text()))
    with pytest.raises(BenchmarkError) as caught:
        open_prepared(tmp_path / 'data', '300w')
    message = str(caught.value)
    assert message.startswith(f'{path}: damaged manifest: ')
    assert message.endswith('(run: python -m benchmark.prepare 300w --source DIR)')
    assert named in message
    assert '\n' not in message


@pytest.mark.parametrize(
    ('edit', 'error', 'message'),
    [
        (
            _edited(schema_version=1),
            OutdatedDataError,
            'prepared by an older version (run: python -m benchmark.prepare 300w --source DIR)',
        ),
        (
            _edited(drawing={'seed': 0, 'generator': 1}),
            OutdatedDataError,
            f'drawn by version 1 of the generator, this is {GENERATOR_VERSION} '
            '(run: python -m benchmark.prepare 300w --source DIR)',
        ),
        (
            _edited(schema_version=3),
            BenchmarkError,
            'prepared by a newer version (update this one, or choose another --data-root)',
        ),
    ],
)
def test_data_of_another_version_are_not_used(tmp_path, write, edit, error, message):
    manifest = write()
    path = tmp_path / 'data' / '300w' / 'manifest.json'
    path.write_text(edit(path.read_text()))
    with pytest.raises(BenchmarkError) as caught:
        open_prepared(tmp_path / 'data', '300w')
    assert type(caught.value) is error
    assert str(caught.value) == f'{path}: {message}'
    assert find_prepared(tmp_path / 'data', '300w') is None
    assert write() == manifest == find_prepared(tmp_path / 'data', '300w')
