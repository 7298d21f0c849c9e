"""What the page of a row says of where its numbers come from."""

from __future__ import annotations

import pytest

from benchmark.records.parts import Determinism
from benchmark.records.record import write_record
from benchmark.site.pages.experiment_view import provenance_table

STRICT = Determinism(algorithms=True, cudnn=True, cudnn_benchmark=False)
LOOSE = Determinism(algorithms=False, cudnn=False, cudnn_benchmark=True)


@pytest.fixture
def facts(factory, sections):
    """Makes a record, with an environment and other keys as given; returns the facts of its page by name."""

    def make(environment=None, experiment=None, **keys) -> dict[str, str]:
        record = factory.add('synthetic-29', 'STAR', experiment=experiment)
        changed = {'environment': record.environment.model_copy(update=environment or {}), **keys}
        write_record(record.model_copy(update=changed), factory.reports / 'records')
        (row,) = sections()[0].rows
        (body,) = provenance_table(row).bodies
        return {line.cells[0].text: line.cells[1].text for line in body}

    return make


@pytest.mark.parametrize(
    ('environment', 'said'),
    [
        (
            {'device': 'cpu', 'kernels': 'AVX512', 'tf32': False, 'determinism': STRICT},
            'AVX512 kernels, no TF32, deterministic algorithms',
        ),
        (
            {'device': 'cuda', 'tf32': True, 'determinism': STRICT},
            'TF32, deterministic algorithms, cuDNN deterministic',
        ),
        (
            {'device': 'cuda', 'tf32': False, 'determinism': LOOSE},
            'no TF32, deterministic algorithms not enforced, cuDNN not deterministic, cuDNN chooses by timing',
        ),
    ],
)
def test_arithmetic_is_said_in_words(facts, environment, said):
    assert facts(environment)['Arithmetic'] == said


def test_components_are_named_with_the_beginning_of_their_hash(facts):
    found = facts(components={'my_loss': 'ab' * 32, 'helper': 'cd' * 32}, experiment='ef' * 32, started='2026-01-01')
    assert found['Components'] == 'helper cdcdcdcdcdcd, my_loss abababababab'
    assert (found['Experiment'], found['Started']) == ('ef' * 32, '2026-01-01')


def test_nothing_is_said_of_what_an_older_record_does_not_have(facts):
    assert not {'Arithmetic', 'Components', 'Experiment', 'Started'} & facts().keys()
