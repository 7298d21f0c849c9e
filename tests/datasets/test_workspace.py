from __future__ import annotations

import os

import pytest

from benchmark.datasets.workspace import TEMPORARY, Workspace
from benchmark.errors import BenchmarkError


@pytest.fixture
def original(tmp_path):
    (tmp_path / 'Some File.tar.gz').write_bytes(b'content')
    return tmp_path / 'Some File.tar.gz'


def fill(folder):
    (folder / 'sub').mkdir()
    (folder / 'sub' / '1.png').write_bytes(b'one')


@pytest.fixture
def unpack(tmp_path, original):
    """Unpack in a preparation of its own; returns the folder and the lines that were said."""

    def unpack(fill=fill):
        said = []
        with Workspace(tmp_path / 'data' / '300w', said.append) as workspace:
            return workspace.unpacked(original, fill), said

    return unpack


def test_file_is_unpacked_once(tmp_path, unpack, original):
    folder, said = unpack()
    assert (folder / 'sub' / '1.png').read_bytes() == b'one'
    assert said == [f'unpacking {original} into {folder}']
    assert unpack(fill=None) == (folder, [])
    original.rename(original.with_name('Some File.zip'))
    original.with_name('Some File.zip').rename(original)
    assert unpack(fill=None) == (folder, [])


def test_other_content_is_unpacked_elsewhere(unpack, original):
    first, _ = unpack()
    original.write_bytes(b'other content')
    second, said = unpack()
    assert first != second
    assert len(said) == 1


@pytest.mark.parametrize('change', ['edited', 'removed', 'added', 'listing', 'no-listing'])
def test_changed_folder_is_unpacked_again(unpack, change):
    folder, _ = unpack()
    path = folder / 'sub' / '1.png'
    if change == 'edited':
        path.write_bytes(b'two')
    elif change == 'removed':
        path.unlink()
    elif change == 'added':
        path.with_name('2.png').touch()
    elif change == 'listing':
        (folder / 'unpacked.json').write_text('[]')
    else:
        (folder / 'unpacked.json').unlink()
    again, said = unpack()
    assert (again, len(said)) == (folder, 1)
    assert sorted(os.listdir(folder / 'sub')) == ['1.png']
    assert path.read_bytes() == b'one'


def test_error_removes_everything_that_was_made_and_nothing_else(tmp_path, unpack, original):
    def stop(folder):
        fill(folder)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        unpack(stop)
    assert not (tmp_path / 'data').exists()
    folder, _ = unpack()
    original.write_bytes(b'other content')
    with pytest.raises(KeyboardInterrupt):
        unpack(stop)
    with pytest.raises(ZeroDivisionError), Workspace(tmp_path / 'data' / '300w', lambda line: None) as workspace:
        workspace.unpacked(original, fill)
        raise ZeroDivisionError
    assert os.listdir(folder.parent) == [folder.name]


def test_left_overs_are_removed_at_the_start(tmp_path):
    folder = tmp_path / '300w'
    (folder / 'annotations' / f'{TEMPORARY}x' / 'deep').mkdir(parents=True)
    (folder / f'{TEMPORARY}manifest.json').touch()
    (folder / 'kept.txt').touch()
    with Workspace(folder, print):
        assert sorted(os.listdir(folder)) == ['.preparation.1.claim', 'annotations', 'kept.txt']
        assert not os.listdir(folder / 'annotations')


def test_unused_is_forgotten(unpack, original, tmp_path):
    first, _ = unpack()
    original.write_bytes(b'other content')
    with Workspace(tmp_path / 'data' / '300w', lambda line: None) as workspace:
        second = workspace.unpacked(original, fill)
        workspace.forget_unused()
    assert second.exists()
    assert not first.exists()


def test_one_preparation_at_a_time(tmp_path):
    with Workspace(tmp_path / '300w', print):
        with (
            pytest.raises(BenchmarkError, match='another preparation is at work there'),
            Workspace(tmp_path / '300w', print),
        ):
            pass
        assert (tmp_path / '300w').is_dir()
    assert not (tmp_path / '300w').exists()
    with Workspace(tmp_path / '300w', print):
        pass


def test_unreadable_original_is_one_line(tmp_path):
    with (
        Workspace(tmp_path / '300w', print) as workspace,
        pytest.raises(BenchmarkError, match='cannot be read: No such'),
    ):
        workspace.unpacked(tmp_path / 'none.zip', fill)


def test_folder_that_cannot_be_made_is_one_line(tmp_path):
    (tmp_path / 'file').touch()
    with (
        pytest.raises(BenchmarkError, match=r'^300w: cannot write .*: Not a directory'),
        Workspace(tmp_path / 'file' / '300w', print),
    ):
        pass
