from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from benchmark.analysis.audit.band import band, band_findings
from benchmark.analysis.runs import read_runs
from benchmark.analysis.store import Store


def test_band_has_the_next_value_in_999_of_1000_cases():
    rng = np.random.default_rng(0)
    inside = 0
    for values in rng.normal(5, 0.1, (4000, 5)):
        low, high = band(values[:4])
        inside += low <= values[4] <= high
    assert stats.binomtest(inside, 4000, 0.999).pvalue > 0.001


def test_seed_outside_the_band_of_the_others_is_flagged(factory):
    for seed in range(4):
        factory.add('synthetic-29', 'STAR', seed, sizes={'full': 60}, error=0.04)
    factory.add('synthetic-29', 'STAR', 4, sizes={'full': 60}, error=0.02)
    found = [(run.record.seed, finding) for run, finding in band_findings(read_runs([factory.reports], Store()))]
    ((seed, finding),) = found
    assert seed == 4 and finding.code == 'band'
    assert 'nme.full.inter-pupil is 3.' in finding.text and '4 other seeds of its recipe let expect ' in finding.text


@pytest.mark.parametrize(('seeds', 'codes'), [(3, ['no-band'] * 3), (4, [])])
def test_too_few_seeds_have_a_note(factory, seeds, codes):
    for seed in range(seeds):
        factory.add('synthetic-29', 'STAR', seed, sizes={'full': 60})
    found = [finding.code for _, finding in band_findings(read_runs([factory.reports], Store()))]
    assert found == codes
