from __future__ import annotations

import shutil
from collections import defaultdict
from pathlib import Path

import pytest

from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.records.record import read_records
from benchmark.suite.experiments import find_experiment, find_experiments, load_experiment

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'mmpose_configs'
BASELINE = '300w/td-softargmax_res18w16-fpn-smoothl1_16b-80e_300w-128x128.py'


@pytest.fixture
def configs(tmp_path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / 'configs'))


@pytest.fixture(scope='module')
def experiments():
    found, problems = find_experiments(CONFIGS)
    assert problems == []
    return found


def test_every_benchmark_has_a_baseline_and_star(experiments):
    for benchmark in BENCHMARKS:
        losses = {one.loss for one in experiments if one.benchmark == benchmark}
        assert {'smooth-L1', 'STAR'} <= losses, benchmark


def test_baseline_and_star_differ_in_their_loss_alone(experiments):
    """Every STAR configuration has a smooth-L1 one of its recipe; only heatmap regression stands alone."""
    by_recipe = defaultdict(set)
    for one in experiments:
        by_recipe[one.identify('data', 'cpu').recipe].add(one.loss)
    for losses in by_recipe.values():
        assert losses == {'heatmap MSE'} or {'smooth-L1', 'STAR'} <= losses


def test_published_results_keep_their_fingerprints(experiments):
    """Results in reports/ stay those of the present configurations."""
    studied = find_experiments(CONFIGS / '_study')[0]
    by_name = {one.name: one for one in (*experiments, *studied)}
    records = [record for record in read_records(ROOT / 'reports' / 'records') if record.status == 'done']
    assert records
    for record in records:
        experiment = by_name[record.name]
        weights = record.weights and f'final {record.weights.sha256}'
        boxes = record.boxes and f'{record.boxes.kind} {record.boxes.sha256}'
        identity = experiment.identify(record.dataset.fingerprint, record.environment.device, weights, boxes)
        assert identity.fingerprint(record.seed) == record.fingerprint
        assert (identity.experiment, identity.recipe) == (record.experiment, record.recipe)


def test_text_of_a_configuration_is_as_mmengine_writes_it(experiments):
    for one in experiments[::30]:
        assert one.text == one.config.pretty_text


def test_layout_of_the_head_fits_the_benchmark(experiments):
    for one in experiments:
        layout = BENCHMARKS[one.benchmark].layout
        head = one.config.model.head
        assert head.get('layout') == layout.name or head.get('out_channels') == layout.num_landmarks, one.name


def test_loss_name_tells_variants_apart(configs):
    path = configs / BASELINE
    for loss, name in (
        ("dict(_delete_=True, type='STARLoss', distance='l2', restriction='detach')", 'STAR (l2, detach)'),
        ("dict(_delete_=True, type='STARLoss', eigenvalue_weight=0.5)", 'STAR (eigenvalue_weight=0.5)'),
        ('dict(beta=0.1)', 'smooth-L1 (beta=0.1)'),
        ("dict(_delete_=True, type='SmoothL1Loss')", 'SmoothL1Loss'),
        ("dict(_delete_=True, type='L1Loss')", 'L1'),
        ("dict(_delete_=True, type='MSELoss')", 'L2'),
        ("dict(_delete_=True, type='WingLoss')", 'Wing'),
        ("dict(_delete_=True, type='MyLoss')", 'MyLoss'),
    ):
        mine = path.with_name('mine.py')
        mine.write_text(f"_base_ = './{path.name}'\nmodel = dict(head=dict(loss={loss}))\n")
        assert load_experiment(mine).loss == name


def test_component_that_is_not_there_is_named_with_its_configuration(configs):
    path = configs / BASELINE
    mine = path.with_name('mine.py')
    mine.write_text(f"_base_ = './{path.name}'\ncustom_imports = dict(imports=['nowhere'])\n")
    found, problems = find_experiments(configs)
    assert problems == [f'{mine}: custom_imports: no module nowhere (put its folder on PYTHONPATH)']
    assert path.stem in {one.name for one in found}


@pytest.mark.parametrize(
    ('text', 'named'),
    [
        ('modle = dict()\n', 'unknown setting modle .did you mean model'),
        ('model = dict(haed=dict())\n', r'unknown setting model\.haed .did you mean model\.head'),
        ('train_cgf = dict(max_epochs=3)\n', 'unknown setting train_cgf'),
        ('model = dict(\n', 'SyntaxError'),
        ('model = undefined_name\n', 'NameError'),
        ("test_dataloader = dict(dataset=dict(benchmark='300v'))\n", '300v'),
        ("model = dict(head=dict(_delete_=True, type='SoftArgmaxHead'))\n", r'setting model\.head\.loss is missing'),
        ("_base_ = './not_there.py'\n", 'not_there.py'),
        ("train_cfg = dict(_delete_=True, type='IterBasedTrainLoop', max_iters=9)\n", 'incomplete configuration'),
        ('model = dict(head=dict(loss=dict(_delete_=True, beta=0.1)))\n', 'incomplete configuration'),
        ("test_dataloader = dict(dataset=dict(_delete_=True, benchmark='300w'))\n", 'incomplete configuration'),
    ],
)
def test_typo_is_one_line_with_the_file(configs, text, named):
    path = configs / '300w' / 'typo.py'
    base = '' if '_base_' in text else f"_base_ = './{Path(BASELINE).name}'\n"
    path.write_text(base + text)
    with pytest.raises(BenchmarkError, match=rf'typo\.py: .*{named}') as error:
        load_experiment(path)
    assert '\n' not in str(error.value)


def test_broken_configuration_does_not_hide_the_others(configs):
    (configs / '300w' / 'broken.py').write_text('model = (\n')
    found, problems = find_experiments(configs)
    assert len(found) == len(find_experiments(CONFIGS)[0])
    assert len(problems) == 1
    assert 'broken.py' in problems[0]


def test_same_name_twice_is_refused(configs):
    shutil.copy(configs / BASELINE, configs / 'wflw' / Path(BASELINE).name)
    _, problems = find_experiments(configs)
    assert len(problems) == 1
    assert 'same name' in problems[0]


@pytest.mark.parametrize('folder', ['nothing', 'empty'])
def test_folder_without_configurations_is_refused(tmp_path, folder):
    (tmp_path / 'empty').mkdir()
    with pytest.raises(BenchmarkError, match=f'{folder}: no configuration found'):
        find_experiments(tmp_path / folder)


def test_unknown_configuration_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match=r'nowhere\.py: no such configuration'):
        load_experiment(tmp_path / 'nowhere.py')


def test_configuration_is_found_by_name_and_by_path(configs):
    by_path = find_experiment(str(configs / BASELINE), Path('nowhere'))
    by_name = find_experiment(Path(BASELINE).stem, configs)
    assert by_path.path == by_name.path == configs / BASELINE
    assert by_path.name == by_name.name == Path(BASELINE).stem


@pytest.mark.parametrize('name', ['nothing', 'official_256x256', '_variants', '', '*'])
def test_name_of_no_configuration_is_wrong_usage(name):
    with pytest.raises(UsageError, match=r'--config .*: no such configuration in .*mmpose_configs .*--list'):
        find_experiment(name, CONFIGS)


def test_name_in_an_absent_folder_is_wrong_usage(tmp_path):
    with pytest.raises(UsageError, match=r'no such configuration in .*nowhere'):
        find_experiment('mine', tmp_path / 'nowhere')


def test_broken_configuration_that_is_asked_for_says_why(configs):
    (configs / '300w' / 'broken.py').write_text('model = (\n')
    for given in ('broken', str(configs / '300w' / 'broken.py')):
        with pytest.raises(BenchmarkError, match=r'broken\.py: not a readable configuration: SyntaxError'):
            find_experiment(given, configs)
