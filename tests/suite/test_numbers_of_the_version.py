from __future__ import annotations

from benchmark.suite.identity import RESULTS_VERSION
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
