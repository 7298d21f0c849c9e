from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmark.datasets.annotations import Face
from benchmark.datasets.prepared import write_prepared
from benchmark.errors import BenchmarkError, UsageError
from benchmark.records.parts import Cost, Dataset
from benchmark.records.predictions import save_predictions
from benchmark.records.record import Record, read_records, write_record
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.environment import describe_environment
from benchmark.suite.experiments import find_experiments, load_experiment
from benchmark.suite.planning import Job, in_order, plan_jobs, select_experiments
from benchmark.suite.stored import clear_placeholders, store_placeholders

CPU = Setup('cpu')
CONFIGS = Path(__file__).resolve().parents[2] / 'mmpose_configs'


@pytest.fixture(scope='module')
def experiments():
    return find_experiments(CONFIGS)[0]


@pytest.fixture
def configs_of_synthetic_68(tmp_path):
    """Makes an experiment on synthetic-68 that differs from the published one in the given lines."""

    def make(lines):
        base = CONFIGS / 'synthetic' / 'td-softargmax_res18w16-fpn-star_16b-15e_synthetic-68-64x64.py'
        path = tmp_path / 'mine.py'
        path.write_text(f"_base_ = '{base}'\n{lines}")
        return load_experiment(path)

    return make


@pytest.fixture
def data(tmp_path) -> Path:
    """Prepared data of synthetic-68: one face to train on and one to test on."""
    folder = tmp_path / 'data' / 'synthetic-68' / 'images'
    folder.mkdir(parents=True)
    Image.new('RGB', (64, 64)).save(folder / 'a.png')
    keypoints = np.random.default_rng(0).uniform(0, 64, (68, 2))
    write_prepared(tmp_path / 'data', 'synthetic-68', *[[Face('a.png', 64, 64, keypoints)]] * 2, Path('images'))
    return tmp_path / 'data'


def test_criteria_are_combined(experiments):
    chosen = select_experiments(experiments, datasets=['300w', 'cofw'], losses=['star'])
    assert {one.benchmark for one in chosen} == {'300w', 'cofw'}
    assert {one.loss.split(' (')[0] for one in chosen} == {'STAR'}
    assert select_experiments(experiments) == experiments
    assert {one.benchmark for one in select_experiments(experiments, names=['*wflw-128x128'])} == {'wflw'}


@pytest.mark.parametrize('criterion', [{'datasets': ['300v']}, {'losses': ['stra']}, {'names': ['nothing*']}])
def test_criterion_without_a_match_lists_what_there_is(experiments, criterion):
    with pytest.raises(UsageError, match=r'no such configuration \(there are: '):
        select_experiments(experiments, **criterion)


def test_plan_tells_what_is_missing(experiments, data, tmp_path):
    chosen = select_experiments(experiments, datasets=['synthetic-68', '300w'], losses=['star'])
    states = {
        job.experiment.benchmark: job.state
        for job in plan_jobs(chosen, [0], Places(data, tmp_path / 'work', tmp_path / 'records'), CPU)
    }
    assert states == {'synthetic-68': 'to-run', '300w': 'no-data'}


def older(data: Path, benchmark: str) -> None:
    """Make prepared data those of an older version."""
    path = data / benchmark / 'manifest.json'
    content = json.loads(path.read_text())
    path.write_text(json.dumps({**content, 'schema_version': 1}))


def test_data_of_an_older_version_are_as_if_not_prepared(experiments, data, tmp_path):
    faces = [Face('a.png', 64, 64, np.random.default_rng(1).uniform(0, 64, (68, 2)))]
    write_prepared(data, '300w', faces, faces, data / 'synthetic-68' / 'images', missing=('most of it',))
    for benchmark in ('synthetic-68', '300w'):
        older(data, benchmark)
    chosen = select_experiments(experiments, datasets=['synthetic-68', '300w'], losses=['star'])
    jobs = plan_jobs(chosen, [0], Places(data, tmp_path / 'work', tmp_path / 'records'), CPU)
    assert {(job.experiment.benchmark, job.state, job.drawable) for job in jobs} == {
        ('synthetic-68', 'no-data', True),
        ('300w', 'no-data', False),
    }
    obstacles = {job.obstacle for job in jobs if job.experiment.benchmark == '300w'}
    path = data / '300w' / 'manifest.json'
    assert obstacles == {f'{path}: prepared by an older version (run: python -m benchmark.prepare 300w --source DIR)'}


def test_experiment_made_for_a_gpu_takes_a_cpu_only_by_name(configs_of_synthetic_68, data, tmp_path):
    official = configs_of_synthetic_68('needs_gpu = True\n')
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    states = [
        plan_jobs([official], [0], places, setup)[0].state for setup in (CPU, Setup('cuda'), Setup('cpu', named=True))
    ]
    assert states == ['needs-gpu', 'to-run', 'to-run']


def test_pretrained_weights_are_found_or_named(configs_of_synthetic_68, data, tmp_path, monkeypatch):
    monkeypatch.setenv('TORCH_HOME', str(tmp_path / 'torch'))
    init = "dict(type='Pretrained', checkpoint='torchvision://resnet18')"
    experiment = configs_of_synthetic_68(f'model = dict(backbone=dict(init_cfg={init}))\n')
    places = Places(data, tmp_path / 'work', tmp_path / 'records')

    def plan(**options):
        return plan_jobs([experiment], [0], places, Setup('cpu', **options))[0]

    missing = plan()
    assert missing.state == 'no-weights'
    cache = tmp_path / 'torch' / 'hub' / 'checkpoints'
    for part in ('resnet18-f37072fd.pth', str(cache), '--pretrained', '--without-pretrained'):
        assert part in missing.obstacle
    random = plan(without_pretrained=True)
    assert (random.state, random.weights.role) == ('to-run', 'random')
    cache.mkdir(parents=True)
    (cache / 'resnet18-f37072fd.pth').write_bytes(b'first')
    cached = plan(without_pretrained=True)
    assert (cached.state, cached.weights.path) == ('to-run', cache / 'resnet18-f37072fd.pth')
    (tmp_path / 'mine.pth').write_bytes(b'second')
    given = plan(pretrained=tmp_path / 'mine.pth')
    assert given.weights.path == tmp_path / 'mine.pth'
    assert plan(pretrained=cache).weights == cached.weights
    assert len({job.fingerprint for job in (random, cached, given)}) == 3
    assert len({job.identity.recipe for job in (random, cached, given)}) == 3
    assert 'nothing.pth: no such file' in plan(pretrained=tmp_path / 'nothing.pth').obstacle


def test_known_placeholder_is_not_written_again(experiments, data, tmp_path):
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    job = plan_jobs(select_experiments(experiments, ['synthetic-68'], ['star']), [0], places, CPU)[0]
    store_placeholders([(job, 'no-data', 'nothing prepared')], places.records)
    path = next(places.records.iterdir())
    path.write_text(path.read_text() + '\n')
    store_placeholders([(job, 'no-data', 'nothing prepared')], places.records)
    assert path.read_text().endswith('\n')
    store_placeholders([(job, 'failed', 'broken')], places.records)
    assert [one.status for one in read_records(places.records)] == ['failed']


def done(job: Job) -> Record:
    parts = {
        'dataset': Dataset(
            fingerprint='ab', complete=True, train_images=1, test_images=1, subset_images={'full': 1}, missing=0
        ),
        'cost': Cost(epochs=1, train_seconds=1, train_images_per_second=1, test_seconds=1, peak_memory_mib=1),
        'environment': describe_environment('cpu', 'float32'),
    }
    changes = {'status': 'done', 'reason': None, 'predictions': 'p.npz', **parts}
    return job.placeholder('failed', 'x').model_copy(update=changes)


def test_only_a_result_with_its_predictions_counts_as_done(experiments, data, tmp_path, predictions):
    chosen = select_experiments(experiments, datasets=['synthetic-68'], losses=['star'])
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    job = plan_jobs(chosen, [3], places, CPU)[0]
    write_record(done(job), places.records)
    save_predictions(predictions, places.records / 'p.npz')
    assert plan_jobs(chosen, [3], places, CPU)[0].state == 'done'
    (places.records / 'p.npz').unlink()
    assert plan_jobs(chosen, [3], places, CPU)[0].state == 'to-run'
    save_predictions(predictions, places.records / 'p.npz')
    assert plan_jobs(chosen, [4], places, CPU)[0].state == 'to-run'


def test_reason_holds_no_folder_of_a_machine(experiments, data, tmp_path):
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    job = plan_jobs(select_experiments(experiments, ['synthetic-68'], ['star']), [0], places, CPU)[0]
    store_placeholders(
        [(job, 'failed', '/home/me/configs/mine.py: image /mnt/faces/a b/1.png is absent')], places.records
    )
    assert read_records(places.records)[0].reason == 'mine.py: image 1.png is absent'


def test_placeholder_never_replaces_a_result(experiments, data, tmp_path):
    records = tmp_path / 'records'
    places = Places(data, tmp_path / 'work', records)
    job = plan_jobs(select_experiments(experiments, ['synthetic-68'], ['star']), [0], places, CPU)[0]
    store_placeholders([(job, 'not-run', 'interrupted')], records)
    store_placeholders([(job, 'failed', 'broken')], records)
    assert [(one.status, one.reason) for one in read_records(records)] == [('failed', 'broken')]
    clear_placeholders([job], records)
    assert read_records(records) == []
    result = done(job)
    write_record(result, records)
    store_placeholders([(job, 'no-data', 'nothing prepared')], records)
    store_placeholders([(job, 'failed', 'broken')], records)
    assert sorted(one.status for one in read_records(records)) == ['done', 'failed']
    clear_placeholders([job], records)
    assert [one.model_copy(update={'seal': None}) for one in read_records(records)] == [result]


def test_both_sides_of_a_comparison_are_finished_early(experiments, data, tmp_path):
    small = select_experiments(experiments, datasets=['300w'], names=['*hg1w32-attn*'])
    drawn = select_experiments(experiments, datasets=['synthetic-68'])
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    jobs = plan_jobs([*reversed(small), *reversed(drawn)], [7, 0], places, CPU)
    order = [(job.seed, job.experiment.benchmark, job.experiment.loss) for job in in_order(jobs)]
    rest = [one.loss for one in reversed(small) if one.loss not in ('smooth-L1', 'STAR')]
    assert len(rest) == 8
    assert order == [
        (seed, benchmark, loss)
        for seed in (7, 0)
        for benchmark, more in (('300w', rest), ('synthetic-68', []))
        for loss in ('smooth-L1', 'STAR', *more)
    ]
    assert in_order([]) == []


def test_seeds_of_an_experiment_share_what_identifies_them(experiments, data, tmp_path):
    chosen = select_experiments(experiments, datasets=['synthetic-68'])
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    jobs = plan_jobs(chosen, range(3), places, CPU)
    assert len({id(job.identity) for job in jobs}) == len(chosen) == 2
    assert [job.fingerprint for job in jobs] == [
        load_experiment(job.experiment.path).identify(job.manifest.fingerprint, 'cpu').fingerprint(job.seed)
        for job in jobs
    ]


def test_a_damaged_record_stops_a_plan_only_if_it_is_of_one_of_its_jobs(experiments, data, tmp_path):
    chosen = select_experiments(experiments, datasets=['synthetic-68'], losses=['star'])
    places = Places(data, tmp_path / 'work', tmp_path / 'records')
    (job,) = plan_jobs(chosen, [0], places, CPU)
    path = write_record(done(job), places.records)
    path.write_text('{}')
    assert [one.state for one in plan_jobs(chosen, [1], places, CPU)] == ['to-run']
    with pytest.raises(BenchmarkError, match='not a valid record'):
        plan_jobs(chosen, [0], places, CPU)
