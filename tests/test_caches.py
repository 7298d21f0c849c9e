from __future__ import annotations

import os
from pathlib import Path

import pytest

from benchmark import caches
from benchmark.caches import cache_folder, environment_for_caches, is_read_only

VARIABLES = ('MMENGINE_HOME', 'MPLCONFIGDIR', 'TORCHINDUCTOR_CACHE_DIR', 'TRITON_CACHE_DIR')


@pytest.fixture(autouse=True)
def environment(monkeypatch, tmp_path):
    """A home that is not there, temporary files in a folder of the test, and no other folder named."""
    for name in (*VARIABLES, 'XDG_CACHE_HOME'):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv('HOME', '/nonexistent')
    (tmp_path / 'temporary').mkdir()
    monkeypatch.setattr(caches.tempfile, 'gettempdir', lambda: str(tmp_path / 'temporary'))


def test_home_that_can_be_written_to_is_left_to_the_libraries(monkeypatch, tmp_path):
    monkeypatch.setenv('HOME', str(tmp_path))
    assert environment_for_caches() == {}


def test_without_a_home_libraries_get_folders_of_this_user_that_can_be_written_to(tmp_path):
    found = environment_for_caches()
    assert tuple(found) == VARIABLES
    folders = {os.path.dirname(folder) for folder in found.values()}
    assert folders == {str(tmp_path / 'temporary' / f'star-loss-benchmark-{os.getuid()}')}
    assert [os.stat(folder).st_mode & 0o777 for folder in folders] == [0o700]
    assert environment_for_caches() == found


def test_what_is_set_stays(monkeypatch):
    monkeypatch.setenv('TRITON_CACHE_DIR', '/somewhere')
    assert tuple(environment_for_caches()) == VARIABLES[:-1]


def test_named_folder_of_caches_is_used(monkeypatch, tmp_path):
    monkeypatch.setenv('XDG_CACHE_HOME', str(tmp_path / 'xdg'))
    assert cache_folder() == tmp_path / 'xdg' / 'star-loss-benchmark'
    assert environment_for_caches()['TRITON_CACHE_DIR'] == str(cache_folder() / 'triton')


def test_folder_of_somebody_else_is_not_used(tmp_path):
    (tmp_path / 'temporary' / f'star-loss-benchmark-{os.getuid()}').symlink_to(tmp_path)
    folder = os.path.dirname(environment_for_caches()['TRITON_CACHE_DIR'])
    assert not os.path.islink(folder) and os.path.realpath(folder) != str(tmp_path)


def test_folder_is_made_to_see_whether_it_can_be_written_to(tmp_path):
    assert not is_read_only(tmp_path / 'a' / 'b')
    assert list((tmp_path / 'a' / 'b').iterdir()) == []
    assert not is_read_only(Path('/proc/nothing'))  # absent, but not for want of permission
