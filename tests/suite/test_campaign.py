from __future__ import annotations

import json
from types import SimpleNamespace

from benchmark.datasets.manifest import read_manifest
from benchmark.datasets.synthetic import prepare_synthetic
from benchmark.suite.campaign import prepare_drawn

EXPERIMENTS = [SimpleNamespace(benchmark=name) for name in ('300w', 'synthetic-29', 'synthetic-29')]


def test_faces_that_an_older_version_drew_are_drawn_again_as_many_as_there_were(tmp_path):
    manifest = prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6, seed=5)
    path, said = tmp_path / 'synthetic-29' / 'manifest.json', []
    display = SimpleNamespace(say=said.append)
    prepare_drawn(EXPERIMENTS, tmp_path, display)
    assert said == []
    older = {**json.loads(path.read_text()), 'drawing': {'seed': 5, 'generator': 1}}
    path.write_text(json.dumps(older))
    prepare_drawn(EXPERIMENTS, tmp_path, display)
    assert said == [f'synthetic-29: drawing synthetic faces again into {tmp_path / "synthetic-29"}']
    assert read_manifest(tmp_path, 'synthetic-29') == manifest
