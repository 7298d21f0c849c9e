from __future__ import annotations

from dataclasses import replace

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.record import read_records, write_record
from benchmark.verification.rerun import Rerun, headline_nme, rerun


@pytest.fixture(scope='module')
def again(finished, tmp_path_factory):
    """A finished record, trained again; its data are drawn again, too."""
    workshop, _ = finished
    records = workshop.folder / 'results' / 'records'
    (path,) = records.glob('tiny-star-*.json')
    said: list[str] = []
    found = rerun(path, tmp_path_factory.mktemp('again'), None, read_records(records), said.append)
    return found, said


def test_record_comes_out_again_to_the_bit(again):
    found, said = again
    assert found.identical and found.otherwise == ()
    assert found.judge() == (True, f'trained again: NME {headline_nme(found.first):.2f}, identical to the bit')
    assert found.again.fingerprint == found.first.fingerprint
    assert [line.split(':')[0] for line in said] == ['synthetic-29', 'tiny-star seed 0']


def _other(found: Rerun, shift: float, **changes) -> Rerun:
    """The same, had it come out otherwise by some percentage points."""
    metrics = tuple(one.model_copy(update={'value': one.value + shift}) for one in found.first.metrics)
    first, again = found.predictions
    predictions = (first, replace(again, keypoints=again.keypoints + 1))
    record = found.first.model_copy(update={'metrics': metrics} | changes)
    return replace(found, again=record, predictions=predictions)


def test_other_bits_under_the_same_circumstances_are_a_fault(again):
    holds, sentence = _other(again[0], 0.0).judge()
    assert holds is False and sentence.endswith('on the same device with the same versions, but not the same bits')


def test_on_another_processor_it_has_to_lie_within_what_seeds_span(again):
    found = again[0]
    environment = found.first.environment.model_copy(update={'kernels': 'VSX', 'device_name': 'another'})
    seeds = (5.0, 5.1, 5.2)
    near, far, alone = (
        replace(_other(found, shift, environment=environment), seeds=known)
        for shift, known in ((0.5, seeds), (5.0, seeds), (0.5, (5.0,)))
    )
    assert near.bound == pytest.approx(9.925 * 0.1 * 2**0.5, rel=1e-3)
    assert [one.judge()[0] for one in (near, far, alone)] == [True, False, None]
    assert 'VSX instead of' in near.judge()[1] and 'on another instead of' in near.judge()[1]


@pytest.mark.parametrize(
    ('change', 'said'),
    [
        ({'seed': None}, 'its weights were trained elsewhere'),
        ({'method': 'MyMethod'}, 'it was not made by this benchmark'),
        ({'status': 'failed'}, 'it has no result'),
        ({'name': '../x'}, 'no name of a configuration'),
        ({'name': 'a*'}, 'no name of a configuration'),
        ({'config': 'import os\n'}, 'config: line 1'),
        ({'config': "model = dict(type='os.system')"}, 'config: type='),
        ({'benchmark': '300w'}, 'without its data'),
    ],
)
def test_record_that_cannot_be_trained_again_is_one_line(finished, tmp_path, change, said):
    record = read_records(finished[0].folder / 'results' / 'records')[0].model_copy(update=change)
    path = write_record(record.model_copy(update={'name': 'x'}), tmp_path).rename(tmp_path / 'x.json')
    path.write_text(record.model_dump_json())
    with pytest.raises(BenchmarkError, match=said) as error:
        rerun(path, tmp_path / 'again', None, (), print)
    assert '\n' not in str(error.value)
