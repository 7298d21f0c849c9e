"""What docs/ says of configurations is what there is."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from mmengine.config import Config

from benchmark.protocol import claims
from benchmark.suite.experiments import load_experiment

ROOT = Path(__file__).resolve().parents[1]
PAGE = (ROOT / 'docs' / 'configurations.md').read_text()
REAL = ('cofw', '300w', 'wflw')


def rows() -> list[list[str]]:
    table = PAGE.split('<!-- configurations -->')[1].split('\n\n')[0].strip().splitlines()[2:]
    return [[cell.strip() for cell in line.strip('|').split('|')] for line in table]


def names(dataset: str) -> set[str]:
    return {path.stem for path in (ROOT / 'mmpose_configs' / dataset).glob('*.py')}


@pytest.mark.parametrize('dataset', REAL)
def test_every_configuration_stands_in_one_row(dataset):
    patterns = []
    for row in rows():
        start = re.search('`(.*?)`', row[0])[1]
        without = '(?!attn)' if 'without `attn`' in row[0] else ''
        patterns.append(re.escape(start).replace(r'\*', f'{without}[a-z0-9-]+') + rf'_{dataset}-\d+x\d+')
    for name in names(dataset):
        assert sum(bool(re.fullmatch(pattern, name)) for pattern in patterns) == 1, name
    for pattern in patterns:
        assert any(re.fullmatch(pattern, name) for name in names(dataset)), pattern


def test_every_dataset_has_the_same_configurations():
    sets = [{name.replace(f'_{dataset}-', '_') for name in names(dataset)} for dataset in REAL]
    assert sets[0] == sets[1] == sets[2]


@pytest.mark.parametrize('row', [row for row in rows() if row[3]], ids=lambda row: row[3])
def test_published_figures_are_those_of_the_claims(row):
    for dataset, cell in zip(REAL, row[4:], strict=True):
        published = claims.select(dataset)
        published = published[published['method'] == row[3]]
        if dataset == 'wflw':
            published = published[published['subset'] == 'full']
        shown = sorted(float(number) for number in re.findall(r'\d+\.\d+', cell))
        known = published[published['subset'].isin(['full', 'common', 'challenge'])]
        assert shown == sorted(known['value']), (dataset, row[3])


@pytest.mark.parametrize('index', range(PAGE.count('```python')))
def test_switches_make_experiments(index, tmp_path):
    text = re.findall(r'```python\n(.*?)```', PAGE, re.DOTALL)[index]
    path = tmp_path / 'mine.py'
    path.write_text(text.replace("'./", f"'{ROOT}/mmpose_configs/300w/"))
    settings, precision = load_experiment(path).settings, load_experiment(path).precision
    assert settings.images_per_step == 32
    found = {
        'bfloat16': precision == 'bfloat16',
        'compile_network': settings.compiled,
        'channels_last': settings.channels_last,
        'with_cp': settings.gradient_checkpointing,
        'accumulative_counts': settings.accumulation > 1,
    }
    assert found == {switch: switch in text for switch in found}


def test_links_lead_somewhere():
    targets = re.findall(r'\]\((?!https?:|#)([^)]+)\)', PAGE)
    assert targets
    assert [target for target in targets if not (ROOT / 'docs' / target).exists()] == []


@pytest.mark.parametrize('dataset', REAL)
def test_heatmap_configuration_is_that_of_mmpose(dataset):
    """Network, head, codec, schedule and augmentation as MMPose's model zoo trains them."""
    mine = Config.fromfile(
        ROOT / 'mmpose_configs' / dataset / f'td-hm_hrnetv2-w18-mse_8x64b-60e_{dataset}-256x256.py',
        import_custom_modules=False,
    )
    import mmpose

    folder = Path(mmpose.__file__).parent / '.mim/configs/face_2d_keypoint/topdown_heatmap' / dataset
    zoo = Config.fromfile(folder / f'td-hm_hrnetv2-w18_8xb64-60e_{dataset}-256x256.py', import_custom_modules=False)
    for key in ('backbone', 'neck', 'head', 'test_cfg'):
        assert mine.model[key].to_dict() == zoo.model[key].to_dict(), key
    for key in ('mean', 'std', 'bgr_to_rgb'):
        assert mine.model.data_preprocessor[key] == zoo.model.data_preprocessor[key]
    assert mine.train_cfg.max_epochs == zoo.train_cfg.max_epochs
    assert mine.optim_wrapper.optimizer == zoo.optim_wrapper.optimizer
    step = mine.train_dataloader.batch_size * mine.optim_wrapper.accumulative_counts
    assert step == zoo.auto_scale_lr.base_batch_size
    assert mine.param_scheduler[1].milestones == zoo.param_scheduler[1].milestones
    mine_pipeline = [one for one in mine.train_dataloader.dataset.pipeline if one.type != 'SampleSeed']
    for here, there in zip(mine_pipeline[1:], zoo.train_dataloader.dataset.pipeline[1:], strict=True):
        assert here.to_dict() == there.to_dict()
