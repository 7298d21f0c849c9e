from __future__ import annotations

import importlib
import sys
import zipfile

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.components import find_components, unseen_modules

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
    return find_components({'imports': list(imports), **others}, {loss})


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
    found = find_components({'imports': 'rich.box'}, {'STARLoss'})
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


def test_packages_without_init_are_gone_into(folder):
    inner = folder / 'outer' / 'middle' / 'inner'
    inner.mkdir(parents=True)
    (inner / 'my_loss.py').write_text('from ..sibling import x\nclass MyLoss: ...\n')
    (folder / 'outer' / 'middle' / 'sibling.py').write_text('')
    (folder / 'outer' / 'middle' / 'beside.py').write_text('')
    assert list(_find('outer.middle.inner.my_loss').sources) == ['outer.middle.inner.my_loss', 'outer.middle.sibling']


@pytest.mark.parametrize(
    'line',
    [
        'import importlib; importlib.import_module("helper")',
        'from importlib import import_module; import_module("helper")',
        '__import__("helper")',
        'try:\n    import helper\nexcept ImportError:\n    pass',
        'def late():\n    from helper import scale',
    ],
)
def test_import_is_seen_in_every_form(folder, line):
    (folder / 'my_loss.py').write_text(f'{line}\nclass MyLoss: ...\n')
    assert 'helper' in _find('my_loss').sources


def test_relative_import_in_a_package_is_seen(folder):
    (folder / 'deeper' / '__init__.py').write_text('from .inner import SCALE\n')
    assert list(_find('deeper').sources) == ['deeper', 'deeper.inner', 'deeper.other']
    (folder / 'deeper' / 'inner.py').write_text('from ....far import x\nfrom ... import y\n')
    assert list(_find('deeper').sources) == ['deeper', 'deeper.inner']


def test_own_file_with_the_name_of_a_module_of_python_is_seen(folder, monkeypatch):
    monkeypatch.chdir(folder)
    (folder / 'helper.py').write_text('import profile\n')
    assert 'profile' not in _find('my_loss').sources
    (folder / 'profile.py').write_text('SCALE = 1\n')
    assert 'profile' in _find('my_loss').sources


def test_component_is_looked_for_in_the_folder_of_the_command_and_in_pythonpath(folder, monkeypatch):
    """As the training will, whatever this process was started with."""
    for place in ('first', 'second'):
        (folder / place).mkdir()
        (folder / place / 'only_there.py').write_text(f'place = {place!r}\n')
    monkeypatch.chdir(folder)
    with pytest.raises(BenchmarkError, match='no module only_there'):
        _find('only_there')
    monkeypatch.setenv('PYTHONPATH', 'second')
    second = _find('only_there').sources
    monkeypatch.chdir(folder / 'first')
    monkeypatch.setenv('PYTHONPATH', '../second')
    assert second.keys() == _find('only_there').sources.keys() == {'only_there'}
    assert second != _find('only_there').sources


def test_module_in_an_archive_is_read(folder, monkeypatch):
    with zipfile.ZipFile(folder / 'mine.zip', 'w') as archive:
        archive.writestr('zipped/__init__.py', '')
        archive.writestr('zipped/loss.py', 'class MyLoss: ...\n')
    monkeypatch.syspath_prepend(folder / 'mine.zip')
    assert list(_find('zipped.loss').sources) == ['zipped', 'zipped.loss']


def test_package_that_is_installed_from_its_folder_is_ones_own(folder, monkeypatch):
    """Such a package is found by an entry in ``sys.meta_path`` and lies wherever it is edited."""
    elsewhere = folder / 'elsewhere' / 'src' / 'editable'
    elsewhere.mkdir(parents=True)
    (elsewhere / '__init__.py').write_text('from . import loss\n')
    (elsewhere / 'loss.py').write_text('class MyLoss: ...\n')

    class Finder:
        @staticmethod
        def find_spec(name, path=None, target=None):
            if name == 'editable':
                return importlib.util.spec_from_file_location(name, elsewhere / '__init__.py')
            return None

    monkeypatch.setattr(sys, 'meta_path', [*sys.meta_path, Finder])
    assert list(_find('editable').sources) == ['editable', 'editable.loss']
    (folder / 'my_loss.py').write_text('import editable\n')
    assert list(_find('my_loss').sources) == ['editable', 'editable.loss', 'my_loss']


def test_compiled_module_is_known_by_its_file(folder):
    path = folder / f'fast{importlib.machinery.EXTENSION_SUFFIXES[0]}'
    path.write_bytes(b'\x7fELF')
    before = _find('fast').sources
    path.write_bytes(b'\x7fELF2')
    assert before.keys() == _find('fast').sources.keys() == {'fast'}
    assert before != _find('fast').sources


@pytest.mark.parametrize('registered', ["name='Named'", "['Named', 'Other']", "'Named'"])
def test_loss_is_known_by_the_name_that_it_is_registered_under(folder, registered):
    (folder / 'my_loss.py').write_text(f'@MODELS.register_module({registered})\nclass MyLoss: ...\n')
    assert _find('my_loss', loss='Named').besides_loss == {}
    assert list(_find('my_loss', loss='STARLoss').besides_loss) == ['my_loss']


def test_network_in_the_package_of_the_loss_belongs_to_the_recipe(folder):
    """Else two results that differ in both would be said to differ in the loss alone."""
    package = folder / 'mine'
    package.mkdir()
    (package / '__init__.py').write_text('')
    (package / 'everything.py').write_text('from . import loss, network\n')
    (package / 'loss.py').write_text('class MyLoss: ...\n')
    (package / 'network.py').write_text('from . import block\nclass MyNetwork: ...\n')
    (package / 'block.py').write_text('')
    imports = {'imports': ['mine.everything']}
    assert find_components(imports, {'MyLoss'}, {'ResNet'}).besides_loss == {}
    found = find_components(imports, {'MyLoss'}, {'MyNetwork'})
    assert list(found.besides_loss) == ['mine', 'mine.block', 'mine.network']


def test_module_that_is_loaded_by_a_computed_name_is_told(folder, monkeypatch):
    (folder / 'my_loss.py').write_text('import importlib\nname = "hel"\nimportlib.import_module(name + "per")\n')
    (folder / 'known.py').write_text('import stat\nimport numpy\n')
    found = _find('my_loss', 'known')
    before = set(sys.modules)
    for module in ('my_loss', 'known'):
        importlib.import_module(module)
    try:
        assert unseen_modules(found, before) == ['helper']
    finally:
        for module in sys.modules.keys() - before:
            del sys.modules[module]
