"""The pages on STAR loss elsewhere: in one's own PyTorch code, in MMPose and in the official code."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from mmengine.config import Config

ROOT = Path(__file__).resolve().parents[1]


def example(page: str, name: str) -> str:
    text = (ROOT / 'docs' / page).read_text()
    return re.search(rf'<!-- example: {re.escape(name)} -->\n```python\n(.*?)```', text, re.DOTALL)[1]


def test_own_training_learns_its_landmarks():
    torch.manual_seed(0)
    names = {}
    exec(example('star_in_pytorch.md', 'own training'), names)
    learned = (names['predicted'] - names['keypoints']).norm(dim=-1).mean()
    untrained = (31.5 - names['keypoints']).norm(dim=-1).mean()
    assert learned < 0.9 * untrained


def test_losses_import_neither_mmpose_nor_mmengine_where_these_are_absent():
    code = (
        'import sys\n'
        'for name in ("mmpose", "mmengine", "mmcv"): sys.modules[name] = None\n'
        'from benchmark.losses import STARLoss\n'
        'from benchmark.models import STARLoss as same\n'
        'assert same is STARLoss\n'
        'assert "torch._dynamo" not in sys.modules, "the compiler takes seconds to import"\n'
        'import torch\n'
        'STARLoss()(torch.rand(1, 2, 8, 8), torch.zeros(1, 2, 2))\n'
    )
    subprocess.run([sys.executable, '-c', code], cwd=ROOT, check=True, timeout=120)


@pytest.fixture
def faces_of_mmpose(tmp_path):
    """Two noise images with landmarks, in the form that MMPose's data set of 300W reads."""
    rng = np.random.default_rng(0)
    (tmp_path / 'images').mkdir()
    images, annotations = [], []
    for number in range(2):
        cv2.imwrite(str(tmp_path / 'images' / f'{number}.png'), rng.integers(0, 256, (96, 96, 3), dtype=np.uint8))
        keypoints = np.column_stack((rng.uniform(20, 76, (68, 2)), np.full(68, 2)))
        images.append({'id': number, 'file_name': f'{number}.png', 'width': 96, 'height': 96})
        annotations.append(
            {
                'id': number,
                'image_id': number,
                'category_id': 1,
                'iscrowd': 0,
                'num_keypoints': 68,
                'keypoints': keypoints.ravel().tolist(),
                'bbox': [10, 10, 76, 76],
                'area': 5776,
                'center': [48.0, 48.0],
                'scale': 0.4,
            }
        )
    categories = [{'id': 1, 'name': 'face'}]
    text = json.dumps({'images': images, 'annotations': annotations, 'categories': categories})
    (tmp_path / 'faces.json').write_text(text)
    return tmp_path


def test_configuration_of_mmpose_trains_with_its_runner(faces_of_mmpose):
    """The page's configuration but for its data, on two images, without the download of ImageNet weights."""
    file = faces_of_mmpose / 'star.py'
    file.write_text(example('star_in_mmpose.md', 'configuration of MMPose'))
    config = Config.fromfile(file)
    config.work_dir = str(faces_of_mmpose / 'work')
    config.default_scope = 'mmpose'
    config.model.backbone.init_cfg = None
    config.train_cfg.max_epochs = 1
    config.train_dataloader.update(batch_size=2, num_workers=0, persistent_workers=False)
    config.train_dataloader.dataset.update(data_root=str(faces_of_mmpose), ann_file='faces.json')
    for name in ('val_cfg', 'val_dataloader', 'val_evaluator', 'test_cfg', 'test_dataloader', 'test_evaluator'):
        config[name] = None
    config.default_hooks.checkpoint = None
    config.dump(file)
    code = (
        'import sys; from mmengine.config import Config; from mmengine.runner import Runner\n'
        'runner = Runner.from_cfg(Config.fromfile(sys.argv[1])); runner.train()\n'
        'name = type(runner.model.head.loss_module).__name__\n'
        'print(name, runner.message_hub.get_scalar("train/loss_kpt").current())\n'
    )
    done = subprocess.run(
        [sys.executable, '-c', code, str(file)], cwd=ROOT, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, done.stderr
    name, loss = done.stdout.splitlines()[-1].split()
    assert (name, np.isfinite(float(loss))) == ('STARLoss', True)


@pytest.mark.parametrize('distance', ['smoothl1', 'l1', 'l2'])
@pytest.mark.parametrize('weight', [0, 1])
def test_loss_in_the_official_code_has_the_official_values(distance, weight):
    names = {}
    exec(example('star_in_official_code.md', 'official code'), names)
    with np.load(ROOT / 'tests' / 'data' / 'star_loss.npz') as golden:
        heatmap, groundtruth = (torch.from_numpy(golden[f'gauss_12x20/{what}']) for what in ('heatmaps', 'targets'))
        expected = float(golden[f'gauss_12x20/{distance}/w{weight}/loss'])
    loss = names['STARLoss_v2'](w=weight, dist=distance)(heatmap, groundtruth)
    assert loss.item() == pytest.approx(expected, rel=2e-5)
