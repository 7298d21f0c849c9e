"""Parts of a continued training that make up the training, and some that do not."""

from __future__ import annotations

import pytest

from benchmark.analysis.audit.continuation import part_findings
from benchmark.records.parts import Part
from benchmark.records.record import read_record, write_record
from benchmark.verification.records import verify_records


@pytest.fixture
def continued(factory):
    """Makes a record with parts: first and last epoch, peak memory and changed keys of the environment of each."""

    def make(*parts):
        record = factory.add('synthetic-29', epochs=6)
        made = tuple(
            Part(
                first_epoch=first,
                last_epoch=last,
                environment=record.environment.model_copy(update=changes),
                peak_memory_mib=peak,
            )
            for first, last, peak, changes in parts
        )
        return record.model_copy(update={'parts': made})

    return make


def found(record, tmp_path) -> list[tuple[str, str]]:
    path = tmp_path / 'x.json'
    return [(one.code, one.text.removeprefix(f'{path}: ')) for one in part_findings(path, record)]


def test_parts_that_make_up_the_training_have_no_finding(continued, tmp_path):
    record = continued((1, 2, 2310.0, {}), (3, 3, 10.0, {'python': '3.13.0'}), (4, 6, 20.0, {}))
    assert found(record, tmp_path) == []


@pytest.mark.parametrize(
    ('parts', 'said'),
    [
        ([(2, 6, 1.0, {})], 'parts: the first one begins with epoch 2'),
        ([(1, 3, 1.0, {}), (5, 6, 1.0, {})], 'parts: epoch 5 begins the part after that which ends with 3'),
        ([(1, 3, 1.0, {}), (3, 6, 1.0, {})], 'parts: epoch 3 begins the part after that which ends with 3'),
        ([(1, 3, 1.0, {}), (4, 5, 1.0, {})], 'parts: the last one ends with epoch 5, cost.epochs is 6'),
        ([(1, 7, 1.0, {}), (8, 6, 1.0, {})], 'parts: one ends with epoch 6 and begins with epoch 8'),
        ([(1, 6, 2311.0, {})], 'cost.peak_memory_mib is 2310, that of a part is 2311'),
    ],
)
def test_parts_that_are_not_those_of_the_training_are_refused(continued, tmp_path, parts, said):
    ((code, text),) = found(continued(*parts), tmp_path)
    assert code == 'parts'
    assert text.startswith(f'{said} (')


def test_different_devices_and_kernels_are_noted(continued, tmp_path):
    record = continued((1, 2, 1.0, {'device_name': 'Xeon', 'kernels': 'AVX2'}), (3, 6, 1.0, {'kernels': 'AVX512'}))
    assert found(record, tmp_path) == [
        (
            'mixed',
            'parts: trained or tested with different devices (NVIDIA H100 80GB HBM3, Xeon): training again gives other '
            'bits',
        ),
        (
            'mixed',
            'parts: trained or tested with different vector kernels (AVX2, AVX512): training again gives other bits',
        ),
    ]


def test_seal_covers_the_parts(continued, factory):
    path = write_record(continued((1, 2, 1.0, {}), (3, 6, 20.0, {})), factory.reports / 'records')
    assert read_record(path).parts[1].peak_memory_mib == 20
    (verified,) = verify_records([path], [])
    assert 'seal' in verified.holding and 'parts' in verified.holding
    path.write_text(path.read_text().replace('"peak_memory_mib": 20.0', '"peak_memory_mib": 21.0'))
    (verified,) = verify_records([path], [])
    assert [one.code for one in verified.findings if one.severity == 'fault'] == ['seal']
