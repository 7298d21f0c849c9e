from __future__ import annotations

import pytest

from benchmark.analysis.audit.arithmetic import arithmetic_findings
from benchmark.records.record import read_records


@pytest.fixture
def record(factory):
    return factory.add('300w')


def changed(record, key, value):
    subset, normalizer, metric, threshold = key
    metrics = [
        one.model_copy(update={'value': value})
        if (one.subset, one.normalizer, one.metric, one.threshold) == (subset, normalizer, metric, threshold)
        else one
        for one in record.metrics
    ]
    assert metrics != list(record.metrics)
    return record.model_copy(update={'metrics': tuple(metrics)})


def test_honest_figures_obey_the_rules(record, tmp_path, root):
    assert arithmetic_findings(tmp_path, record) == []
    for one in read_records(root / 'reports' / 'records'):
        assert arithmetic_findings(tmp_path, one) == []


@pytest.mark.parametrize(
    ('key', 'value', 'code', 'words'),
    [
        (('full', 'inter-ocular', 'nme', None), 3.0, 'arithmetic', 'the full NME (inter-ocular) is 3, but its parts'),
        (('full', 'inter-ocular', 'auc', 10.0), 30.0, 'arithmetic', 'full, inter-ocular: AUC@10 is printed as 30, but'),
        (
            ('full', 'inter-pupil', 'fr', 8.0),
            0.1,
            'arithmetic',
            'full, inter-pupil: FR@8 is printed as 0.10, but on',
        ),
        (('full', 'inter-pupil', 'nme', None), 4.2, 'unusual', 'full: the inter-pupil NME is 0.99 times the'),
    ],
)
def test_figures_that_cannot_all_be_right_are_named(record, tmp_path, key, value, code, words):
    findings = arithmetic_findings(tmp_path, changed(record, key, value))
    assert any(one.code == code and words in one.text for one in findings), findings


def test_large_failures_are_for_a_person(record, tmp_path):
    full = {'fr': 100.0, 'auc': 0.0, 'nme': 70.0}
    metrics = [one.model_copy(update={'value': full[one.metric]}) for one in record.metrics]
    findings = arithmetic_findings(tmp_path, record.model_copy(update={'metrics': tuple(metrics)}))
    assert {one.code for one in findings} == {'unusual'}
