from __future__ import annotations

import os
import shutil
import signal
from pathlib import Path

import pytest

from benchmark.datasets.preparation import prepare_original
from benchmark.datasets.prepared import find_prepared, open_prepared
from tests.datasets.packing import REPEAT, as_authors_do, packed_as


def _die_at(owner, name, at):
    """Let the process kill itself when a function is called for the at-th time, counted from 0."""
    function, calls = getattr(owner, name), []

    def call(*arguments, **more):
        if len(calls) == at:
            os.kill(os.getpid(), signal.SIGKILL)
        calls.append(None)
        return function(*arguments, **more)

    setattr(owner, name, call)


def _in_a_process_that_dies(owner, name, at, run):
    """Status of the process, -9 where it was killed."""
    process = os.fork()
    if not process:
        try:
            _die_at(owner, name, at)
            run()
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


# Where the preparation dies, and how many calls of that kind come before in a preparation from archives.
KILLS = [
    ('wflw', Path, 'open', 4),  # in an archive's files
    ('wflw', Path, 'open', 12),
    ('wflw', Path, 'write_text', 0),  # before a listing
    ('wflw', Path, 'write_text', 1),
    ('wflw', os, 'replace', 0),  # before an unpacked folder is put in place
    ('wflw', os, 'replace', 1),
    ('wflw', os, 'fsync', 0),  # in the annotations
    ('wflw', os, 'fsync', 2),
    ('wflw', Path, 'unlink', 0),  # before the old manifest is removed
    ('wflw', os, 'replace', 2),  # before the training annotations are put in place
    ('wflw', os, 'replace', 3),
    ('wflw', os, 'replace', 4),  # before the manifest is
    ('cofw', Path, 'write_bytes', 2),  # in the photographs
    ('cofw', os, 'replace', 1),
    ('cofw', os, 'replace', 2),
    ('300w', os, 'fsync', 1),
    ('300w', os, 'replace', 5),
    ('300w', os, 'replace', 6),
]


@pytest.mark.parametrize(('benchmark', 'owner', 'name', 'at'), KILLS)
@pytest.mark.parametrize('earlier', [False, True])
def test_killed_preparation_is_not_taken_for_a_finished_one(
    tmp_path, small, prepare, equals_truth, data_root, benchmark, owner, name, at, earlier
):
    folder, truth = small.write(benchmark)
    (source,) = as_authors_do(benchmark, folder, tmp_path / 'packed')
    clean = prepare_original(benchmark, [source], tmp_path / 'clean')[0]
    old = None
    if earlier:  # the folder holds another preparation already
        old = _prepare_another(benchmark, folder, tmp_path, prepare)
    assert _in_a_process_that_dies(owner, name, at, lambda: prepare(benchmark, source)) == -9
    assert find_prepared(data_root, benchmark) in (None, old)
    if find_prepared(data_root, benchmark) is not None:
        open_prepared(data_root, benchmark)
    _assert_recovers(prepare, equals_truth, data_root, tmp_path / 'clean', benchmark, source, clean, truth)


def test_preparation_killed_while_it_cleans_up_is_finished(tmp_path, small, prepare, equals_truth, data_root):
    folder, truth = small.write('wflw')
    (source,) = as_authors_do('wflw', folder, tmp_path / 'packed')
    clean = prepare_original('wflw', [source], tmp_path / 'clean')[0]
    _prepare_another('wflw', folder, tmp_path, prepare)
    assert _in_a_process_that_dies(shutil, 'rmtree', 0, lambda: prepare('wflw', source)) == -9
    assert find_prepared(data_root, 'wflw') == clean
    _assert_recovers(prepare, equals_truth, data_root, tmp_path / 'clean', 'wflw', source, clean, truth)


def _prepare_another(benchmark, folder, tmp_path, prepare):
    lacking = tmp_path / 'lacking'
    shutil.copytree(folder, lacking)
    REPEAT[benchmark](lacking)
    return prepare(benchmark, *packed_as('.zip')(benchmark, lacking, tmp_path / 'old'), allow_incomplete=True)


def _assert_recovers(prepare, equals_truth, data_root, clean_root, benchmark, source, clean, truth):
    assert prepare(benchmark, source) == clean
    assert equals_truth(benchmark, truth)
    # Nothing half-made and nothing of an earlier preparation is left.
    assert _names(data_root) == _names(clean_root)


def _names(folder):
    return sorted(path.relative_to(folder) for path in folder.rglob('*'))
