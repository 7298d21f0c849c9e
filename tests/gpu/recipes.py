"""Recipes with networks and batches that are small enough for a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from mmengine.config import Config

from benchmark.suite.experiments import load_experiment
from benchmark.suite.speed.faces import use_faces

ROOT = Path(__file__).resolve().parents[2]
FACES = 'synthetic-68'
IMAGES, BATCH = 24, 8
RECIPES = {
    'hourglass': ('td-softargmax_hg4-attn-star_32b-500e_300w-256x256', {'model.backbone.channels': 32}),
    'HRNet': ('td-softargmax_hrnet-w8-star_16b-40e_300w-128x128', {}),
    'HRNet, heatmaps': ('td-hm_hrnet-w8-mse_16b-40e_300w-128x128', {}),
    'ResNet': ('td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128', {}),
}
PRECISIONS = {
    'float32': {'optim_wrapper.type': 'OptimWrapper', 'model.data_preprocessor.channels_last': False},
    'bfloat16, channels last': {
        'optim_wrapper.type': 'AutocastOptimWrapper',
        'model.data_preprocessor.channels_last': True,
    },
}
each_recipe = pytest.mark.parametrize('recipe', RECIPES)
each_precision = pytest.mark.parametrize('precision', PRECISIONS)


def load_recipe(name: str, precision: str = 'float32', **changes: object) -> Config:
    """Configuration of a recipe.

    Args:
        name: one of :data:`RECIPES`.
        precision: one of :data:`PRECISIONS`.
        **changes: what else is to be changed, with two underscores for dots.
    """
    stem, smaller = RECIPES[name]
    config = load_experiment(ROOT / 'mmpose_configs' / '300w' / f'{stem}.py').config
    use_faces(config, FACES)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.update(batch_size=BATCH, num_workers=0, persistent_workers=False)
    config.train_cfg.update(max_epochs=2, val_interval=2)
    config.log_level = 'ERROR'
    given = {key.replace('__', '.'): value for key, value in changes.items()}
    config.merge_from_dict({**smaller, **PRECISIONS[precision], **given})
    return config
