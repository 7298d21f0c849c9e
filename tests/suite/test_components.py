from __future__ import annotations

import sys

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.components import find_components

LOSS = 'import torch\nfrom scipy import stats\nimport helper\n\n\nclass MyLoss(torch.nn.Module):\n    scale = 1\n'


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of one's own on Python's path: a loss, a module that it imports, a network and a module beside them."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'my_loss.py').write_text(LOSS)
    (tmp_path / 'helper.py').write_text('def scale():\n    from deeper import inner\n    return inner.SCALE\n')
    (tmp_path / 'deeper').mkdir()
    (tmp_path / 'deeper' / '__init__.py').write_text('')
    (tmp_path / 'deeper' / 'inner.py').write_text('from . import other\nSCALE = 1\n')
    (tmp_path / 'deeper' / 'other.py').write_text('')
    (tmp_path / 'my_network.py').write_text('class MyNetwork:\n    pass\n')
    (tmp_path / 'beside.py').write_text('')
    return tmp_path


def _find(*imports, loss='MyLoss', **others):
    return find_components({'imports': list(imports), **others}, loss)


def test_what_a_component_imports_of_ones_own_belongs_to_it(folder):
    found = _find('benchmark.models', 'my_loss')
    assert list(found.sources) == ['deeper', 'deeper.inner', 'deeper.other', 'helper', 'my_loss']


@pytest.mark.parametrize(
    'file', ['my_loss.py', 'helper.py', 'deeper/__init__.py', 'deeper/inner.py', 'deeper/other.py']
)
def test_edit_anywhere_in_it_is_seen(folder, file):
    before = _find('my_loss').sources
    (folder / file).write_text((folder / file).read_text() + '# edited\n')
    after = _find('my_loss').sources
    assert sum(before[name] != after[name] for name in before) == 1


def test_edit_beside_it_is_not(folder):
    before = _find('my_loss').sources
    for name in ('beside.py', 'my_network.py'):
        (folder / name).write_text('x = 2\n')
    assert _find('my_loss').sources == before


def test_nothing_is_run(folder):
    (folder / 'my_loss.py').write_text('raise SystemExit("was run")\nclass MyLoss: ...\n')
    assert list(_find('my_loss').sources) == ['my_loss']
    assert 'my_loss' not in sys.modules


def test_module_of_the_loss_is_told_from_others(folder):
    found = _find('my_network', 'my_loss')
    assert list(found.besides_loss) == ['my_network']
    assert list(_find('my_network', 'my_loss', loss='STARLoss').besides_loss) == list(found.sources)


def test_module_that_two_components_share_stays_where_the_loss_is_taken_out(folder):
    (folder / 'my_network.py').write_text('import helper\n')
    assert 'helper' in _find('my_network', 'my_loss').besides_loss


def test_packages_of_others_are_not_components():
    assert _find('benchmark.models', 'mmpose.models', 'torch.nn', 'json', loss='STARLoss').sources == {}


def test_module_of_an_installed_package_is_read_with_its_own_alone():
    found = find_components({'imports': 'rich.box'}, 'STARLoss')
    assert {'rich', 'rich.box'} <= found.sources.keys()
    assert all(name.split('.')[0] == 'rich' for name in found.sources)


def test_module_that_is_not_found_is_named(folder):
    with pytest.raises(BenchmarkError, match=r'custom_imports: no module nowhere\.at \(put its folder on PYTHONPATH\)'):
        _find('nowhere.at')
    assert _find('nowhere.at', allow_failed_imports=True).sources == {}


def test_module_that_is_no_python_is_named_with_its_line(folder):
    (folder / 'helper.py').write_text('x = 1\ndef f(:\n')
    with pytest.raises(BenchmarkError, match=r'custom_imports: helper\.py, line 2: '):
        _find('my_loss')
