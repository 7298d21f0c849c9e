from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.records.speed import Measurement, Row, store
from benchmark.suite import rehearsal
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.cost import Line, cost_lines, cost_table, numbers_of
from benchmark.suite.environment import describe_environment
from benchmark.suite.estimate import Estimate, estimate
from benchmark.suite.experiments import find_experiments
from benchmark.suite.job_times import Figure, seconds_of
from benchmark.suite.paces import Pace, read_steps
from benchmark.suite.planning import Job, plan_jobs, select_experiments

CONFIGS = Path(__file__).resolve().parents[2] / 'mmpose_configs'
OFFICIAL = 'Hourglass (4 stacks, AAM), 256 x 256, float32'


@pytest.fixture(scope='module')
def experiments():
    return find_experiments(CONFIGS)[0]


@pytest.fixture
def jobs(experiments, tmp_path) -> list[Job]:
    """Baseline and STAR of the official recipe on each data set with two seeds; nothing is prepared."""
    names = [f'td-softargmax_hg4-attn-{loss}_32b-500e_*' for loss in ('smoothl1', 'star')]
    places = Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records')
    return plan_jobs(select_experiments(experiments, names=names), [0, 1], places, Setup('cpu'))


@pytest.fixture
def steps(monkeypatch) -> None:
    """A training step takes half a second an image, a test a quarter."""
    monkeypatch.setattr(rehearsal, 'measure_pace', lambda experiment, device: Pace(0.5, 0.25))


def stored(folder: Path, train: float, test: float, **changes: object) -> None:
    """Store what steps of the official network took, seconds an image."""
    environment = describe_environment('cpu', 'float32').model_copy(update={'threads': 1, **changes})
    rows = tuple(
        Row(
            name=name,
            group=OFFICIAL,
            milliseconds=1000 * seconds,
            milliseconds_quartiles=(0, 1),
            samples_per_second=1,
            ratio=1,
            ratio_quartiles=(1, 1),
            rounds=3,
        )
        for name, seconds in (('training', train), ('test', test))
    )
    store(folder, [Measurement(part='recipes', about='it', rows=rows, environment=environment)])


@pytest.mark.usefixtures('steps')
def test_complete_published_sets_count_where_nothing_is_prepared_and_no_gpu_is_there(jobs):
    assert {job.state for job in jobs} == {'no-data'}
    times = estimate(jobs, [], slots=1, threads=1, complete=True)
    lines = {line.data: line for line in cost_lines(jobs, times)}
    assert {name: (line.trainings, line.figure.images) for name, line in lines.items()} == {
        'cofw': (4, (1345, 507)),
        '300w': (4, (3148, 689)),
        'wflw': (4, (7500, 2500)),
    }
    tests = 1 + 500 // jobs[0].experiment.config.train_cfg.val_interval
    expected = 4 * (0.5 * 500 * 3148 + 0.25 * tests * 689) / 3600
    assert lines['300w'].device_hours == pytest.approx(expected)
    assert lines['300w'].recipe == f'{OFFICIAL}, 500 epochs'
    assert times.total == pytest.approx(3600 * sum(line.device_hours for line in lines.values()))


def test_what_is_not_run_is_neither_measured_nor_counted_otherwise(jobs):
    times = estimate(jobs, [], slots=1, threads=1)
    assert cost_lines(jobs, times) == []
    assert numbers_of(times, 2.0) == [
        {
            'seconds': None,
            'train_images': None,
            'test_images': None,
            'images_per_second': None,
            'source': job.obstacle,
            'device_hours': None,
            'cost': None,
        }
        for job in jobs
    ]


@pytest.mark.usefixtures('steps')
def test_stored_steps_of_this_processor_count_before_steps_made_now(jobs, tmp_path):
    own, published = tmp_path / 'own', tmp_path / 'published'
    stored(published, 9.0, 9.0)
    stored(own, 2.0, 1.0)
    stored(own, 8.0, 8.0, device_name='another processor')
    stored(tmp_path / 'of a GPU', 7.0, 7.0, device='cuda')
    for folders, pace, basis in (
        ([own, published], Pace(2.0, 1.0), 'stored steps'),
        ([published, own], Pace(9.0, 9.0), 'stored steps'),
        ([tmp_path / 'of a GPU', tmp_path / 'nowhere'], Pace(0.5, 0.25), 'steps made now'),
    ):
        figure = estimate(jobs, [], 1, 1, speeds_folders=folders, complete=True).figures[0]
        assert (figure.pace, figure.basis) == (pace, basis)
        assert figure.seconds == pytest.approx(seconds_of(jobs[0].experiment, figure.images, pace))


def test_damaged_file_of_speeds_is_named(tmp_path):
    (tmp_path / 'x.json').write_text('{}')
    paces, (note,) = read_steps([tmp_path], 'cpu', 'any')
    assert paces == {} and note.startswith(f'{tmp_path}/x.json: not a valid report of speeds')


def test_threads_of_a_training_each_cost():
    figure = Figure(1800.0, 'from x', 'stored records', Pace(0.1, 0.1), (10, 5), devices=4)
    (numbers,) = numbers_of(Estimate((figure,), 1, (0,)), 0.5)
    assert (numbers['device_hours'], numbers['cost'], numbers['images_per_second']) == (2.0, 1.0, 10.0)
    assert Line('cofw', 'x', 3, figure).device_hours == 6.0


def test_table_has_a_sum_and_says_what_is_not_in_it():
    known = Figure(7200.0, 'from x', 'stored steps', Pace(0.25, 0.1), (100, 50))
    lines = [
        Line('300w', 'Net, 40 epochs', 3, known),
        Line('wflw', 'Net, 40 epochs', 1000, known),
        Line('wflw', 'Other, 40 epochs', 2, Figure(None, 'no step could be made')),
    ]
    assert cost_table(lines, 'cpu', 2.5) == [
        'data  recipe            trainings    images  images/s  measured by   core hours      cost',
        '300w  Net, 40 epochs            3  100 + 50      4.00  stored steps        6.00     15.00',
        'wflw  Net, 40 epochs         1000  100 + 50      4.00  stored steps       2,000  5,000.00',
        'wflw  Other, 40 epochs          2                      not known',
        'all                          1005                                         2,006  5,015.00',
        'images: of training + test; core hours: of one thread of a processor, all trainings of a line together',
        '2 of 1005 trainings not counted',
    ]
    head, *_, total, meaning = cost_table(lines[:1], 'cuda')
    assert head.endswith('GPU hours') and total.endswith(' 6.00') and 'of one GPU' in meaning
