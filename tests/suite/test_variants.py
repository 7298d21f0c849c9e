from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from benchmark.errors import BenchmarkError
from benchmark.suite.experiments import find_experiment, find_experiments, load_experiment
from benchmark.suite.variants import TABLE, read_file, read_variants

ROOT = Path(__file__).resolve().parents[2]
CONFIGS = ROOT / 'mmpose_configs'
# With data 'd', seed 0 and a CPU; the configurations are those that each was while it was a file.
KNOWN = json.loads(Path(__file__).with_name('variants.json').read_text())
NAME = 'td-softargmax_hg1w32-attn-star-l1_16b-40e_cofw-128x128'
OWN = """
datasets = ['300w']
losses = {'l1': dict(type='L1Loss'), 'wing': dict(type='WingLoss', use_target_weight=True)}
families = {'mine-{loss}': dict(base='mine.py', changes=dict(backbone_name='ResNet'))}
"""
TINY = """
datasets = ['synthetic-29']
losses = {'l1': dict(type='L1Loss', use_target_weight=True)}
families = {
    'tiny-{loss}': dict(base='tiny-smoothl1.py'),
    'tiny-diverging-{loss}': dict(
        base='tiny-smoothl1.py', changes=dict(optim_wrapper=dict(optimizer=dict(lr=1e38)))
    ),
}
"""


@pytest.fixture
def configs(tmp_path) -> Path:
    return Path(shutil.copytree(CONFIGS, tmp_path / 'configs'))


@pytest.fixture
def own(tmp_path) -> Path:
    """A folder of one's own: a configuration and a table beside it."""
    folder = tmp_path / 'own'
    folder.mkdir()
    base = CONFIGS / '300w' / 'td-softargmax_res18w16-fpn-smoothl1_16b-80e_300w-128x128.py'
    (folder / 'mine.py').write_text(f"_base_ = '{base}'\n")
    (folder / TABLE).write_text(OWN)
    return folder


@pytest.mark.parametrize('name', KNOWN)
def test_every_variant_has_the_fingerprint_that_it_had(name):
    experiment = find_experiment(name, CONFIGS)
    assert experiment.name == name
    identity = experiment.identify('d', 'cpu')
    assert identity.fingerprint(0) == KNOWN[name]['fingerprint']
    assert identity.recipe == KNOWN[name]['recipe']


def test_every_network_has_every_loss_with_and_without_attention_on_every_dataset():
    found, problems = find_experiments(CONFIGS)
    assert problems == []
    kinds = [(one.benchmark, one.backbone, one.loss) for one in found if 'Hourglass' in one.backbone]
    assert len(set(kinds)) == len(kinds)
    kinds = [kind for kind in kinds if 'epochs' not in kind[1]]
    assert len(kinds) == 3 * 4 * 10
    assert len({kind[0] for kind in kinds}) == 3 and len({kind[1] for kind in kinds}) == 4


def test_baseline_and_star_of_the_official_recipe_are_files():
    for dataset in ('cofw', '300w', 'wflw'):
        for loss in ('smoothl1', 'star'):
            assert (CONFIGS / dataset / f'td-softargmax_hg4-attn-{loss}_32b-500e_{dataset}-256x256.py').is_file()


def test_address_of_a_variant_loads_it():
    experiment = load_experiment(CONFIGS / TABLE / f'{NAME}.py')
    assert (experiment.name, experiment.path) == (NAME, CONFIGS / TABLE / f'{NAME}.py')
    assert experiment.identify('d', 'cpu').fingerprint(0) == KNOWN[NAME]['fingerprint']
    with pytest.raises(BenchmarkError, match=r'_variants\.py/nothing\.py: no such configuration'):
        load_experiment(CONFIGS / TABLE / 'nothing.py')


def test_variants_share_nothing_that_can_be_changed(own):
    base = read_file(own / 'mine.py')
    first, second = (variant.resolve(base) for variant in read_variants(own / TABLE))
    first.model.backbone.out_indices = first.test_dataloader.dataset.pipeline[0].type = 'changed'
    first.model.head.loss.type = 'changed'
    again = read_variants(own / TABLE)[0].resolve(base)
    for config in (base, second, again):
        assert 'changed' not in config.pretty_text


def test_folder_of_ones_own_may_have_a_table(own):
    found, problems = find_experiments(own)
    assert problems == []
    assert [(one.name, one.loss, one.backbone) for one in found] == [
        ('mine', 'smooth-L1', 'ResNet-18 x 1/4 + FPN'),
        ('mine-l1', 'L1', 'ResNet'),
        ('mine-wing', 'Wing (use_target_weight=True)', 'ResNet'),
    ]
    assert len({one.identify('d', 'cpu').recipe for one in found}) == 1


def test_folder_of_ones_own_needs_no_table(own):
    (own / TABLE).unlink()
    found, problems = find_experiments(own)
    assert ([one.name for one in found], problems) == (['mine'], [])


def test_table_alone_is_a_folder_of_configurations(own):
    (own / 'mine.py').rename(own / '_mine.py')
    (own / TABLE).write_text(OWN.replace('mine.py', '_mine.py'))
    assert [one.name for one in find_experiments(own)[0]] == ['mine-l1', 'mine-wing']


@pytest.mark.parametrize(
    ('before', 'after', 'said'),
    [
        ("datasets = ['300w']", 'datasets = [', 'SyntaxError'),
        ("datasets = ['300w']", 'datasets = undefined', 'NameError'),
        ("datasets = ['300w']", "datsets = ['300w']", 'datasets: Field required'),
        ("datasets = ['300w']", "datasets = ['300w']\nseeds = [0]", 'seeds: Extra inputs are not permitted'),
        ("['300w']", "'300w'", 'datasets: Input should be a valid list'),
        ("dict(type='L1Loss')", "'L1Loss'", r'losses\.l1: Input should be a valid dictionary'),
        ('changes=', 'chnages=', r'families\.mine-\{loss\}\.chnages: Extra inputs are not permitted'),
        ("base='mine.py', ", '', r'families\.mine-\{loss\}\.base: Field required'),
        ('mine-{loss}', 'mine/{loss}', r'families\.mine/\{loss\}: String should match'),
        ('mine.py', 'absent.py', r'families\.mine-\{loss\}\.base: .*absent\.py: no such file'),
        ('mine.py', '{datset}.py', r'families\.mine-\{loss\}\.base: .*\{datset\}\.py: no such file'),
        ('mine-{loss}', 'mine-{los}', r'families\.mine-\{los\}: makes mine-\{los\} twice'),
        ('changes=', "in_files=['l2'], changes=", r'families\.mine-\{loss\}\.in_files: there is no loss l2'),
    ],
)
def test_damaged_table_is_one_line_and_hides_no_file(own, before, after, said):
    assert before in OWN
    (own / TABLE).write_text(OWN.replace(before, after))
    found, (problem,) = find_experiments(own)
    assert [one.name for one in found] == ['mine']
    with pytest.raises(BenchmarkError, match=rf'_variants\.py: .*{said}') as error:
        find_experiment('mine-l1', own)
    assert problem == str(error.value)
    assert '\n' not in problem
    assert find_experiment('mine', own).name == 'mine'


@pytest.mark.parametrize(
    ('changes', 'said'),
    [
        ("dict(modle=dict(type='x'))", 'unknown setting modle .did you mean model'),
        ("dict(model='x')", 'changes do not fit the base: AttributeError'),
        ("dict(train_cfg=dict(max_epochs=dict(type='x')))", 'changes do not fit the base: TypeError'),
        ("dict(test_dataloader=dict(dataset=dict(benchmark='300v')))", '300v'),
    ],
)
def test_mistake_in_many_variants_is_said_of_one(own, changes, said):
    (own / TABLE).write_text(OWN.replace("dict(backbone_name='ResNet')", changes))
    found, (problem,) = find_experiments(own)
    assert [one.name for one in found] == ['mine']
    with pytest.raises(BenchmarkError, match=rf'_variants\.py/mine-l1\.py: .*{said}') as error:
        find_experiment('mine-l1', own)
    assert problem == str(error.value)
    assert '\n' not in problem


def test_broken_base_is_said_once(own):
    (own / 'mine.py').write_text('model = (\n')
    found, (problem,) = find_experiments(own)
    assert found == []
    assert problem.startswith(f'{own / "mine.py"}: not a readable configuration: SyntaxError')


def test_file_with_the_name_of_a_variant_is_one_line_and_hides_no_other(configs):
    baseline = configs / '300w' / 'td-softargmax_hg4-attn-smoothl1_32b-500e_300w-256x256.py'
    for loss in ('l1', 'l2'):
        baseline.with_name(baseline.name.replace('smoothl1', loss)).write_text(f"_base_ = './{baseline.name}'\n")
    found, (problem,) = find_experiments(configs)
    assert {one.name for one in found} == {one.name for one in find_experiments(CONFIGS)[0]}
    assert problem.startswith(f'{configs / TABLE}: makes what is a file, too: ')
    assert baseline.name.replace('smoothl1', 'l1') in problem and '(2 in all; remove the file' in problem


def test_variant_is_trained_and_evaluated_by_its_name_and_named_when_it_fails(workshop):
    (workshop.folder / 'configs' / TABLE).write_text(TINY)
    result = workshop.run('--loss', 'L1*')
    assert 'Traceback' not in result.stderr
    assert '1 done, 0 done before, 1 failed' in result.stderr
    assert f'{TABLE}/tiny-diverging-l1.py: the training loss is ' in result.stderr
    by_name = {record.name: record for record in workshop.records()}
    assert by_name['tiny-diverging-l1'].reason.startswith('tiny-diverging-l1.py: the training loss is ')
    (checkpoint,) = (workshop.folder / 'work').glob('tiny-l1-*/epoch_6.pth')
    result = workshop.run('--evaluate', str(checkpoint), '--config', 'tiny-l1')
    assert result.returncode == 0, result.stderr
    nmes = [
        one.value
        for record in workshop.records()
        if record.name == 'tiny-l1'
        for one in record.metrics
        if (one.metric, one.normalizer) == ('nme', 'inter-pupil')
    ]
    assert len(nmes) == 2
    assert nmes[0] == pytest.approx(nmes[1], rel=1e-5)
