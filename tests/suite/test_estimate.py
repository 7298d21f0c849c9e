from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from benchmark.records.parts import Cost, Dataset
from benchmark.records.record import write_record
from benchmark.suite import rehearsal
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.environment import describe_environment, device_name
from benchmark.suite.estimate import Estimate, Figure, describe, duration, estimate
from benchmark.suite.experiments import find_experiments, load_experiment
from benchmark.suite.listing import print_jobs
from benchmark.suite.paces import Pace
from benchmark.suite.planning import Job, plan_jobs, select_experiments
from benchmark.suite.rehearsal import measure_pace

CONFIGS = Path(__file__).resolve().parents[2] / 'mmpose_configs'
IMAGES = 15 * 1500  # 15 epochs of the training images that are drawn
TESTS = (1 + 2) * 400  # two validations, and the test
HERE = f'on this processor ({device_name("cpu")})'


@pytest.fixture(scope='module')
def experiments():
    return find_experiments(CONFIGS)[0]


@pytest.fixture
def jobs(experiments, tmp_path) -> list[Job]:
    """Baseline and STAR on faces that are still to be drawn."""
    chosen = select_experiments(experiments, datasets=['synthetic-68'])
    return plan_jobs(chosen, [0], Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records'), Setup('cpu'))


@pytest.fixture
def never(monkeypatch) -> None:
    """Nothing may be measured."""

    def fail(*_: object) -> Pace:
        raise AssertionError('measured')

    monkeypatch.setattr(rehearsal, 'measure_pace', fail)


def trained(job: Job, folder: Path, seed: int, train: float, test: float = 0.0, **changes: object) -> None:
    """Store the record of a training of 10 epochs on 100 images, and of its test on 50 (seconds an image)."""
    environment = describe_environment('cpu', 'float32').model_copy(update={'threads': 1})
    cost = Cost(
        epochs=10,
        train_seconds=train * 1000,
        train_images_per_second=1,
        test_seconds=test * 50,
        peak_memory_mib=1,
    )
    dataset = Dataset(
        fingerprint='ab', complete=True, train_images=100, test_images=50, subset_images={'full': 50}, missing=0
    )
    usual = {
        'status': 'done',
        'reason': None,
        'seed': seed,
        'predictions': 'p.npz',
        'environment': environment.model_copy(update=changes.pop('environment', {})),
        'cost': cost,
        'dataset': dataset,
    }
    write_record(job.placeholder('failed', 'x').model_copy(update={**usual, **changes}), folder)


@pytest.mark.usefixtures('never')
def test_stored_trainings_of_the_recipe_tell_how_long_a_job_takes(jobs, tmp_path):
    own, published = tmp_path / 'own', tmp_path / 'published'
    star = next(job for job in jobs if job.experiment.loss == 'STAR')
    trained(star, own, 1, 0.001, 0.01)
    trained(star, published, 2, 0.002, 0.02)
    trained(star, published, 3, 0.006, 0.03)
    trained(star, published, 4, 9.0, recipe='another')
    found = estimate(jobs, [own, published], slots=2, threads=1)
    assert found.seconds == pytest.approx([0.002 * IMAGES + 0.02 * TESTS] * 2)
    assert found.total == pytest.approx(found.seconds[0])
    source = f'from stored records of the same recipe {HERE}, 1 thread'
    assert describe(found) == [f'2 trainings, about 69 s on 2 at once, start-up not counted ({source})']


@pytest.mark.usefixtures('never')
def test_other_trainings_of_the_network_tell_it_where_there_is_none_of_the_recipe(jobs, tmp_path):
    trained(jobs[0], tmp_path, 1, 0.001, recipe='another')
    trained(jobs[0], tmp_path, 2, 9.0, recipe='another', input_size=(128, 128))
    trained(jobs[0], tmp_path, 3, 9.0, recipe='another', backbone='Another')
    trained(jobs[0], tmp_path, 4, 9.0, recipe='another', environment={'precision': 'bfloat16'})
    found = estimate(jobs, [tmp_path], slots=1, threads=1)
    assert found.seconds == pytest.approx([0.001 * IMAGES] * 2)
    assert {figure.source for figure in found.figures} == {
        f'from stored records of the same network, input size and precision {HERE}, 1 thread'
    }
    assert found.total == pytest.approx(2 * found.seconds[0])


@pytest.mark.usefixtures('never')
def test_records_of_the_number_of_threads_are_preferred_and_it_is_said(jobs, tmp_path):
    trained(jobs[0], tmp_path, 1, 0.004)
    trained(jobs[0], tmp_path, 2, 0.001, environment={'threads': 4})
    for threads, wanted, said in ((1, 0.004, '1 thread'), (4, 0.001, '4 threads'), (8, 0.001, '4 threads')):
        (figure,) = estimate(jobs[:1], [tmp_path], 1, threads).figures
        assert figure.seconds == pytest.approx(wanted * IMAGES)
        assert figure.source.endswith(f', {said}')


@pytest.mark.parametrize(
    'changes',
    [
        {'environment': {'device_name': 'another processor'}},
        {'environment': {'device': 'cuda'}},
        {'environment': {'processes': 2}},
        {'status': 'failed', 'reason': 'x'},
        {'cost': Cost(epochs=0, train_seconds=0, train_images_per_second=None, test_seconds=1, peak_memory_mib=1)},
        {'cost': None, 'environment': {}, 'method': 'theirs'},
    ],
)
def test_nothing_is_taken_from_other_processors_or_other_records(jobs, tmp_path, monkeypatch, changes):
    trained(jobs[0], tmp_path, 1, 9.0, **changes)
    monkeypatch.setattr(rehearsal, 'measure_pace', lambda experiment, device: Pace(0.001, 0.0))
    found = estimate(jobs, [tmp_path, tmp_path / 'nothing'], slots=1, threads=1)
    assert found.seconds == pytest.approx([0.001 * IMAGES] * 2)


def test_each_network_is_measured_once(experiments, tmp_path, monkeypatch):
    measured, said = [], []
    monkeypatch.setattr(
        rehearsal, 'measure_pace', lambda experiment, device: measured.append(experiment) or Pace(0.001, 0.01)
    )
    places = Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records')
    jobs = plan_jobs(experiments, [0, 1], places, Setup('cpu'))
    drawn = [job for job in jobs if job.drawable]
    assert len(drawn) == 12 < len(jobs)
    found = estimate(jobs, [], slots=5, threads=1, say=said.append)
    assert len(measured) == 1
    assert said == ['measuring: ResNet-18 x 1/4 + FPN, 64 x 64, float32']
    assert [seconds is not None for seconds in found.seconds] == [job.drawable for job in jobs]
    assert found.total == pytest.approx(3 * (0.001 * IMAGES + 0.01 * TESTS))
    source = 'from a few steps made here on 1 thread, without loading and augmentation'
    assert describe(found) == [f'12 trainings, about 1.7 min on 5 at once, start-up not counted ({source})']


def test_what_cannot_be_known_is_said(jobs, tmp_path, monkeypatch):
    def fail(*_: object) -> Pace:
        raise RuntimeError('no such kernel\nand more')

    monkeypatch.setattr(rehearsal, 'measure_pace', fail)
    (tmp_path / 'damaged.json').write_text('{}')
    found = estimate(jobs, [tmp_path], slots=1, threads=1)
    assert (found.seconds, found.total) == ([None, None], None)
    first, second, third = describe(found)
    assert first == '2 trainings: how long they take is not known'
    assert (
        second
        == f'  2 not counted: {jobs[0].experiment.path.name}: no step could be made: RuntimeError: no such kernel'
    )
    assert third.startswith(f'  passed over: {tmp_path}/damaged.json: not a valid record')
    shared = estimate(jobs, [], slots=1, threads=1, processes=2)
    assert shared.figures[0] == Figure(None, f'no stored record of a training by 2 processes {HERE}')


@pytest.mark.usefixtures('never')
def test_what_is_not_run_takes_no_time(experiments, tmp_path):
    chosen = select_experiments(experiments, datasets=['300w'])
    places = Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records')
    jobs = plan_jobs(chosen, [0], places, Setup('cpu'))
    found = estimate(jobs, [], slots=1, threads=1)
    assert (set(found.seconds), found.total, describe(found)) == ({None}, 0, ['nothing to train'])
    assert found.figures[0].source == jobs[0].obstacle


@pytest.mark.parametrize(
    ('seconds', 'slots', 'total'),
    [([3, 1, 1, 1], 2, 3), ([1, 1, 3], 2, 4), ([1, None, 3], 1, 4), ([2, 1], 9, 2), ([5, 4, 3, 2, 1], 3, 5)],
)
def test_jobs_follow_each_other_in_their_order(seconds, slots, total):
    figures = tuple(Figure(one, 'measured') for one in seconds)
    assert Estimate(figures, slots, tuple(range(len(seconds)))).total == total


def test_parts_with_different_sources_have_a_line_each():
    figures = (Figure(30, 'from a'), Figure(None, 'no such net'), Figure(40, 'from b'), Figure(50, 'from a'))
    assert describe(Estimate(figures, 1, (0, 1, 2, 3), ('x.json: damaged',))) == [
        '4 trainings, about 2.0 min, start-up not counted',
        '  2 from a',
        '  1 from b',
        '  1 not counted: no such net',
        '  passed over: x.json: damaged',
    ]


@pytest.mark.parametrize(
    ('seconds', 'text'),
    [(0.2, '1 s'), (59, '59 s'), (99, '99 s'), (600, '10 min'), (5400, '1.5 h'), (36000, '10 h'), (9e6, '104 days')],
)
def test_duration_has_one_unit(seconds, text):
    assert duration(seconds) == text


def test_json_of_a_dry_run_has_the_seconds(jobs, capsys):
    print_jobs(jobs, False, True, [{'seconds': 12.3}, {'seconds': None}])
    rows = json.loads(capsys.readouterr().out)
    assert [row['seconds'] for row in rows] == [12.3, None]
    print_jobs(jobs, False, True)
    assert 'seconds' not in capsys.readouterr().out


@pytest.mark.parametrize(
    'name',
    [
        'synthetic/td-softargmax_res18w16-fpn-star_16b-15e_synthetic-29-64x64.py',
        '300w/td-hm_hrnet-w8-mse_16b-40e_300w-128x128.py',
    ],
)
def test_steps_are_really_made_and_threads_stay_as_they_were(name):
    threads = torch.get_num_threads()
    pace = measure_pace(load_experiment(CONFIGS / name), 'cpu', seconds=0.2)
    assert pace.train > 0 and pace.test > 0
    assert torch.get_num_threads() == threads
