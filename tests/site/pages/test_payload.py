from __future__ import annotations

import base64
import json

import numpy as np
import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.protocol import metrics
from benchmark.site.board import page_links
from benchmark.site.pages import payload as module

SMALL = {'full': 120, 'common': 90, 'challenge': 30}


@pytest.fixture
def packed(factory, sections):
    """The payload of a benchmark, after a journey through JSON, and its section."""
    for seed in range(2):
        factory.add('synthetic-68', 'STAR', seed, sizes=SMALL, error=0.08)
    factory.add('synthetic-68', 'smooth-L1', sizes=SMALL)
    factory.add('synthetic-68', 'Wing', status='failed', reason='x')

    def pack():
        section = sections()[0]
        made = module.error_payload(Analysis(section, Store()), section.recipes, page_links([section]))
        return json.loads(json.dumps(made)), section

    return pack


def _values(text, kind):
    return np.frombuffer(base64.b64decode(text), kind)


def test_failures_at_a_threshold_are_those_of_the_metric(packed):
    made, section = packed()
    rows = [row for row in section.rows if row.done]
    assert len(made['series']) == len(rows) == 2
    for row, series in zip(rows, made['series'], strict=True):
        nme = np.concatenate([run.digest.nme('inter-ocular') for run in row.done])
        quanta = _values(series['errors'], '<u2')
        for threshold in (3.0, 5.0, 8.0, 10.0):
            expected = metrics.failure_rate(nme, threshold / 100)
            assert np.mean(quanta > round(threshold / made['quantum'])) == pytest.approx(expected, abs=1e-12)
            errors = (quanta - 0.5) * made['quantum']
            area = np.maximum(0, 1 - errors / threshold).mean()
            assert area == pytest.approx(metrics.area_under_curve(nme, threshold / 100), abs=1e-4)


def test_second_normalizer_and_subsets_are_those_of_the_predictions(packed):
    made, section = packed()
    digest = section.rows[0].done[0].digest
    (test_set,) = made['sets']
    ratio, members = _values(test_set['ratio'], '<f4'), _values(test_set['members'], '<u2')
    np.testing.assert_allclose(digest.nme('inter-ocular') * ratio, digest.nme('inter-pupil'), rtol=1e-5)
    for bit, subset in enumerate(made['subsets']):
        np.testing.assert_array_equal(members >> bit & 1 == 1, digest.member(subset))


def test_too_many_errors_leave_the_median_seed_of_each_row_and_say_so(packed, monkeypatch):
    monkeypatch.setattr(module, 'MOST_ERRORS', 100)
    made, _ = packed()
    star = next(series for series in made['series'] if series['emphasised'])
    assert star['seeds'] in [f'seed {seed} of 2 seeds, the median one' for seed in (0, 1)]
    assert len(_values(star['errors'], '<u2')) == 120


def test_seeds_are_pooled_in_words(packed):
    made, _ = packed()
    assert [series['seeds'] for series in made['series']] == ['seed 0', '2 seeds pooled']
