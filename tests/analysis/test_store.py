from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis import store as module
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import FILE_NAME, Store, load_store
from benchmark.errors import BenchmarkError


@pytest.fixture
def reports(factory):
    """A folder with two rows and a store."""
    factory.add('synthetic-29', 'smooth-L1', sizes={'full': 60})
    factory.add('synthetic-29', 'STAR', sizes={'full': 60})
    _use(factory.reports)
    return factory.reports


def _read_all(reports, store):
    for section in make_sections(read_runs([reports], store)):
        Analysis(section, store).completed()


def _use(reports):
    earlier = load_store(reports)
    store = earlier.copy()
    _read_all(reports, store)
    store.pages['index.html'] = 'inputs', {'index.html': (1, 2)}
    store.save(reports, earlier)
    return store


def test_what_was_stored_is_read_again(reports):
    stored, fresh = load_store(reports), Store()
    _read_all(reports, fresh)
    assert stored.intervals == fresh.intervals and stored.intervals
    assert stored.pages == {'index.html': ('inputs', {'index.html': (1, 2)})}
    assert stored.digests.keys() == fresh.digests.keys()
    for name, (mark, digest) in stored.digests.items():
        assert mark == fresh.digests[name][0]
        for field in dataclasses.fields(digest):
            mine, other = getattr(digest, field.name), getattr(fresh.digests[name][1], field.name)
            np.testing.assert_array_equal(mine, other) if isinstance(mine, np.ndarray) else None
            assert isinstance(mine, np.ndarray) or mine == other


def test_unchanged_predictions_and_intervals_are_not_computed_again(reports, monkeypatch):
    monkeypatch.setattr('benchmark.analysis.runs.read_digest', lambda *_: pytest.fail('read again'))
    monkeypatch.setattr('benchmark.analysis.intervals.bootstrap_means', lambda *_: pytest.fail('resampled again'))
    before = load_store(reports).intervals
    assert _use(reports).intervals == before != {}


def test_changed_predictions_are_read_again(reports, factory):
    before = load_store(reports)
    record = factory.add('synthetic-29', 'STAR', sizes={'full': 60}, error=0.08)
    _use(reports)
    after = load_store(reports)
    changed = {name for name in after.digests if after.digests[name][1].content != before.digests[name][1].content}
    assert changed == {(reports / 'records' / record.predictions).as_posix()}
    assert after.intervals.keys() != before.intervals.keys()


def test_what_is_gone_is_forgotten(reports):
    removed = next((reports / 'records').glob('*star*.json'))
    removed.unlink()
    _use(reports)
    store = load_store(reports)
    assert len(store.digests) == 1
    assert all('star' not in name for name in store.digests)


def test_other_code_starts_an_empty_store(reports, monkeypatch):
    monkeypatch.setattr(module, '_version', lambda: 'another')
    assert load_store(reports) == Store()


def test_damaged_store_is_named_with_what_to_do(reports):
    (reports / FILE_NAME).write_bytes(b'no database, but long enough to be taken for one ' * 50)
    with pytest.raises(BenchmarkError, match=r'delete the file') as caught:
        load_store(reports)
    assert str(reports / FILE_NAME) in str(caught.value)
