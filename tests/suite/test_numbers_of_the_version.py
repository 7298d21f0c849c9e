from __future__ import annotations

import numpy as np
import pytest

from benchmark.suite.identity import RESULTS_VERSION
from tests import numbers
from tests.numbers import PLAIN, compute, differences, load


def test_no_number_changes_under_an_old_version():
    stored = load()
    assert stored, 'store the numbers: python -m tests.numbers --store'
    advice = 'store those of this version: python -m tests.numbers --store'
    assert int(stored['results_version']) == RESULTS_VERSION, advice
    found = list(differences(stored, compute(PLAIN)))
    assert not found, 'if this is meant, raise RESULTS_VERSION and store them: python -m tests.numbers --store'


def test_differences_are_named_with_their_size():
    stored = load()
    changed = {**stored, 'small-star: losses': stored['small-star: losses'] * 1.0001}
    (line,) = differences(stored, changed)
    assert line.startswith('small-star: losses: differs by a relative 0.0001')
    del changed['small-star: losses']
    assert list(differences(stored, changed)) == ['small-star: losses: (2,) before, absent now']


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Runs the command where the code gives other numbers, under a version; returns its status and what is stored."""
    stored = load()
    monkeypatch.setattr(numbers, 'STORED', tmp_path / 'numbers.npz')
    np.savez(numbers.STORED, **stored)

    def run(version: int, *arguments: str) -> tuple[int, dict[str, np.ndarray]]:
        found = {**stored, 'results_version': np.array(version), 'small-star: losses': np.zeros(2)}
        monkeypatch.setattr(numbers, 'compute', lambda kernels: found)
        return numbers.main(arguments), load()

    return run


def test_changed_numbers_are_stored_under_a_new_version_alone(command, capsys):
    status, stored = command(RESULTS_VERSION, '--store')
    assert status == 1
    assert 'raise RESULTS_VERSION in benchmark/suite/identity.py first' in capsys.readouterr().err
    assert stored['small-star: losses'].all()
    status, stored = command(RESULTS_VERSION + 1)
    assert (status, stored['small-star: losses'].all()) == (1, True)
    status, stored = command(RESULTS_VERSION + 1, '--store')
    assert (status, int(stored['results_version'])) == (0, RESULTS_VERSION + 1)
    assert not stored['small-star: losses'].any()
