"""What the page of a row says of where its numbers come from."""

from __future__ import annotations

import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.records.parts import Determinism, Environment, Part
from benchmark.records.record import write_record
from benchmark.site.board import make_board
from benchmark.site.pages.experiment_view import provenance_table

HERE = Environment(
    device='cpu',
    device_name='A Processor',
    driver=None,
    threads=2,
    precision='float32',
    python='3.12.7',
    packages={'numpy': '1.26.4', 'torch': '2.9.0'},
    git_commit='0123',
    git_dirty=False,
)
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


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        (
            {},
            'trained in 2 parts on A Processor (cpu), 2 threads, float32, with the same code and versions: '
            'epochs 1 to 4, epochs 5 to 60',
        ),
        (
            {'device_name': 'Another', 'packages': {'numpy': '1.26.4', 'torch': '2.10.0'}, 'kernels': 'AVX2'},
            'trained in 2 parts; epochs 1 to 4: A Processor (cpu), 2 threads, float32, torch 2.9.0; '
            'epochs 5 to 60: Another (cpu), 2 threads, float32, AVX2 kernels, torch 2.10.0',
        ),
        (
            {'git_dirty': True},
            'trained in 2 parts; epochs 1 to 4: commit 0123; epochs 5 to 60: commit 0123 with local changes',
        ),
        ({'git_commit': None}, 'trained in 2 parts; epochs 1 to 4: commit 0123; epochs 5 to 60'),
    ],
)
def test_parts_of_a_continued_training_are_told_with_what_is_different(facts, changes, said):
    there = HERE.model_copy(update=changes)
    assert facts(parts=(_part(1, 4, HERE), _part(5, 60, there)))['Parts'] == said


def test_part_that_an_older_version_trained_is_not_known(facts):
    found = facts(parts=(_part(1, 4, None), _part(5, 60, HERE)))['Parts']
    assert found.startswith('trained in 2 parts; epochs 1 to 4: not known; epochs 5 to 60: A Processor (cpu)')


def test_training_in_one_part_says_nothing_of_parts(facts):
    assert 'Parts' not in facts()


def test_devices_of_all_parts_are_on_the_leaderboard(factory, sections):
    record = factory.add('synthetic-29', 'STAR')
    changed = record.model_copy(update={'parts': (_part(1, 60, HERE),)})
    write_record(changed, factory.reports / 'records')
    (recipe,) = make_board(Analysis(sections()[0], Store())).recipes
    assert recipe[0].values['device'].text == 'NVIDIA H100 80GB HBM3, A Processor'


def _part(first: int, last: int, made: Environment | None) -> Part:
    return Part(first_epoch=first, last_epoch=last, environment=made, peak_memory_mib=made and 100.0)
