from __future__ import annotations

import json

import numpy as np
import pytest

from benchmark.datasets.croissant import describe
from benchmark.datasets.prepared import open_prepared
from benchmark.prepare import main


def test_description_is_valid_and_loads_the_faces(tiny_data, tmp_path):
    """By MLCommons' own reader, beside the data."""
    mlcroissant = pytest.importorskip('mlcroissant')
    folder = tmp_path / 'synthetic-29'
    folder.mkdir()
    for name in ('annotations', 'images'):
        (folder / name).symlink_to(tiny_data / 'synthetic-29' / name)
    file = folder / 'croissant.json'
    assert main(['describe', 'synthetic-29', '--data-root', str(tiny_data), '--output', str(file)]) == 0
    dataset = mlcroissant.Dataset(file)
    assert dataset.metadata.ctx.issues.errors == set()
    found = [record['test-faces/keypoints'] for record in dataset.records('test-faces')]
    expected = [face.keypoints for face in open_prepared(tiny_data, 'synthetic-29').test]
    np.testing.assert_allclose(np.reshape(found, (len(expected), -1, 3))[..., :2], expected)


def test_description_names_the_files_that_were_prepared(tiny_data):
    described = json.loads(describe(tiny_data, 'synthetic-29'))
    files = [part for part in described['distribution'] if part['@type'] == 'cr:FileObject']
    manifest = json.loads((tiny_data / 'synthetic-29' / 'manifest.json').read_text())
    assert {file['contentUrl']: file['sha256'] for file in files} == {
        f'annotations/{split}.json': digest for split, digest in manifest['annotation_sha256'].items()
    }
    assert manifest['fingerprint'] in described['description']


def test_photographs_are_left_to_their_authors(tiny_data, capsys):
    assert main(['describe', '300w', '--data-root', str(tiny_data)]) == 2
    assert 'described by their authors' in capsys.readouterr().err
