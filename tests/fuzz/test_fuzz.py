"""A short form of ``python -m tests.fuzz``, and everything that it has ever found."""

from __future__ import annotations

import random

import pytest

from tests.fuzz.__main__ import CORPUS
from tests.fuzz.targets import LONGEST_MESSAGE, TARGETS

hypothesis = pytest.importorskip('hypothesis', reason='needs hypothesis')
st = pytest.importorskip('hypothesis.strategies', reason='needs hypothesis')
FOUND = sorted(path for path in CORPUS.glob('*/*') if path.is_file())


@pytest.mark.parametrize('name', TARGETS)
def test_honest_file_is_accepted(name):
    for content in TARGETS[name].seeds():
        assert TARGETS[name].run(content) is None


@pytest.mark.parametrize('path', FOUND, ids=lambda path: f'{path.parent.name}-{path.name[:8]}')
def test_what_was_found_once_is_refused_in_one_line(path):
    assert TARGETS[path.parent.name].run(path.read_bytes()) is not None


@pytest.mark.parametrize('name', TARGETS)
def test_hostile_file_is_refused_in_one_line_or_true(name):
    target = TARGETS[name]
    seeds = target.seeds()

    @hypothesis.settings(
        max_examples=150, derandomize=True, deadline=None, suppress_health_check=list(hypothesis.HealthCheck)
    )
    @hypothesis.given(
        chance=st.integers(0, 2**32), seed=st.sampled_from(range(len(seeds))), times=st.sampled_from((1, 1, 2, 4))
    )
    def holds(chance, seed, times):
        content, rng = seeds[seed], random.Random(chance)
        for _ in range(times):
            content = target.mutate(content, rng)
        assert len(target.run(content) or 'accepted') < LONGEST_MESSAGE

    holds()
