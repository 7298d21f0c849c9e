from __future__ import annotations

import json

import pytest

from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import prepare_synthetic, settings_to_draw
from benchmark.errors import BenchmarkError

SIZES = {'train_images': 2, 'test_images': 7, 'seed': 3}


@pytest.fixture
def drawn(tmp_path):
    """A drawn benchmark."""
    prepare_synthetic(tmp_path, 'synthetic-29', **SIZES)
    return tmp_path


def edit(root, **changes):
    path = root / 'synthetic-29' / 'manifest.json'
    content = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({key: value for key, value in content.items() if value is not None}))


def of_the_first_version(root):
    """Make a drawn benchmark what the first version left: no pixels, and the settings in a file of their own."""
    edit(root, schema_version=1, pixels=None, drawing=None)
    settings = {'generator': 1, 'train': 2, 'test': 7, 'seed': 3}
    (root / 'synthetic-29' / 'generator.json').write_text(json.dumps(settings) + '\n')


def test_what_is_not_prepared_is_drawn_in_the_usual_sizes(tmp_path):
    assert settings_to_draw(tmp_path, 'synthetic-29') == {}


def test_what_is_drawn_is_not_drawn_again(drawn):
    assert settings_to_draw(drawn, 'synthetic-29') is None


def test_what_the_first_version_drew_is_drawn_again_in_its_sizes_with_its_seed(drawn):
    manifest = open_prepared(drawn, 'synthetic-29').manifest
    of_the_first_version(drawn)
    settings = settings_to_draw(drawn, 'synthetic-29')
    assert settings == SIZES
    assert prepare_synthetic(drawn, 'synthetic-29', **settings) == manifest
    assert settings_to_draw(drawn, 'synthetic-29') is None
    assert not (drawn / 'synthetic-29' / 'generator.json').exists()


def test_what_another_generator_drew_is_drawn_again_in_its_sizes_with_its_seed(drawn):
    edit(drawn, drawing={'seed': 3, 'generator': 1})
    assert settings_to_draw(drawn, 'synthetic-29') == SIZES


@pytest.mark.parametrize('settings', [None, '', '[]', '{"seed": null}'])
def test_an_older_drawing_of_an_unknown_seed_is_one_line(drawn, settings):
    of_the_first_version(drawn)
    path = drawn / 'synthetic-29' / 'generator.json'
    path.unlink() if settings is None else path.write_text(settings)
    with pytest.raises(BenchmarkError, match=r'^.*synthetic-29: drawn by an older version, .*prepare synthetic\)$'):
        settings_to_draw(drawn, 'synthetic-29')


def test_a_damaged_manifest_is_not_drawn_over(drawn):
    edit(drawn, train_images='many')
    with pytest.raises(BenchmarkError, match='damaged manifest: train_images'):
        settings_to_draw(drawn, 'synthetic-29')
