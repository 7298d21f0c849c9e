"""What single parts of a training give, on fixed arrays: losses, targets, augmentation, seeds, landmarks of heatmaps.

These numbers tell smaller changes than those of tiny trainings do, and changes of what few steps hardly show. Parts
have their default settings, as in configurations.
"""

from __future__ import annotations

import random
from types import SimpleNamespace

import numpy as np

BATCH, LANDMARKS, SIDE = 16, 29, 64


def compute_parts() -> dict[str, np.ndarray]:
    """The numbers by name."""
    return {**_losses(), **_targets(), **_augmentation(), **_seeds(), **_landmarks()}


def _losses() -> dict[str, np.ndarray]:
    """Values and gradients, in float64."""
    import torch
    from mmpose.registry import MODELS

    heatmaps, keypoints = (torch.from_numpy(array) for array in _heatmaps())
    means = torch.from_numpy(np.random.default_rng(2).normal(0, 0.02, keypoints.shape)) + keypoints
    maps = heatmaps / heatmaps.amax(dim=(-2, -1), keepdim=True)
    given = {
        'STARLoss': (heatmaps, keypoints),
        'STARLoss l1 detach': (heatmaps, keypoints),
        'STARLoss l2': (heatmaps, keypoints),
        'LandmarkDistanceLoss smooth_l1': (means, keypoints),
        'LandmarkDistanceLoss wing': (means, keypoints),
        'SoftWeightSmoothL1Loss': (means, keypoints),
        'AdaptiveWingMapLoss': (maps, maps.flip(0)),
    }
    numbers = {}
    for title, (predicted, target) in given.items():
        kind, *options = title.split()
        names = ('distance', 'restriction')
        loss = MODELS.build({'type': kind, **dict(zip(names, options, strict=False))})
        predicted = predicted.clone().requires_grad_()
        weights = [] if kind == 'AdaptiveWingMapLoss' else [torch.ones(keypoints.shape[:2], dtype=torch.float64)]
        value = loss(predicted, target, *weights)
        value.backward()
        numbers[f'{title}: value'] = value.detach().numpy()
        numbers[f'{title}: gradient'] = _summary(predicted.grad.numpy())
    return numbers


def _targets() -> dict[str, np.ndarray]:
    """Maps that attention is trained with."""
    import torch

    from benchmark.models.targets.attention_targets import draw_edge_maps, draw_point_maps
    from benchmark.protocol.layouts import LAYOUTS

    numbers = {}
    for name, layout in LAYOUTS.items():
        points = np.random.default_rng(3).uniform(-8, 136, (2, layout.num_landmarks, 2))
        keypoints = torch.from_numpy(points).float()
        numbers[f'point maps {name}: map'] = _summary(draw_point_maps(keypoints, (128, 128), (32, 32)).numpy())
        edges = draw_edge_maps(keypoints, layout.curves, (128, 128), (32, 32))
        numbers[f'edge maps {name}: map'] = _summary(edges.numpy())
    return numbers


def _augmentation() -> dict[str, np.ndarray]:
    """Images and landmarks of one batch of either augmentation."""
    import torch
    from mmengine.structures import InstanceData
    from mmpose.registry import MODELS
    from mmpose.structures import PoseDataSample

    from benchmark.protocol.layouts import LAYOUTS

    rng = np.random.default_rng(4)
    small = rng.integers(0, 256, (BATCH, 3, 12, 12), dtype=np.uint8)
    points = rng.uniform(20, 76, (BATCH, LANDMARKS, 2)).astype(np.float32)
    numbers = {}
    for kind in ('FaceAugmentation', 'OfficialFaceAugmentation'):
        samples = []
        for one in points:
            sample = PoseDataSample(metainfo={'flip_indices': LAYOUTS['cofw'].flip_indices})
            sample.gt_instances = InstanceData(keypoints=torch.from_numpy(one[None]))
            samples.append(sample)
        images = torch.from_numpy(np.repeat(np.repeat(small, 8, axis=2), 8, axis=3))
        augmentation = MODELS.build({'type': kind, 'input_size': (SIDE, SIDE), 'crop_margin': 1.5})
        torch.manual_seed(0)
        batch = augmentation({'inputs': images, 'data_samples': samples})
        labels = [sample.gt_instance_labels.keypoint_labels.numpy() for sample in batch['data_samples']]
        numbers[f'{kind}: labels'] = np.concatenate(labels).astype(np.float64)
        numbers[f'{kind}: images'] = _summary(batch['inputs'].numpy())
    return numbers


def _seeds() -> dict[str, np.ndarray]:
    """What is drawn after each seeding: when an epoch's images are loaded, one of them is, and a batch is augmented."""
    import torch

    from benchmark.models.batches.sample_seed import SampleSeed
    from benchmark.models.hooks import IterationSeedHook

    def draw() -> np.ndarray:
        return np.array([random.random(), np.random.random(), torch.rand(1).item()])

    sample, hook = SampleSeed(), IterationSeedHook()
    dataset = SimpleNamespace(pipeline=SimpleNamespace(transforms=[sample]))
    runner = SimpleNamespace(seed=3, iter=20, epoch=2, train_dataloader=SimpleNamespace(dataset=dataset))
    hook.before_train_epoch(runner)
    numbers = {'seeds: epoch': draw()}
    sample.transform({'id': 7})
    numbers['seeds: sample'] = draw()[:2]
    hook.before_train_iter(runner, 1)
    numbers['seeds: step'] = draw()
    return numbers


def _landmarks() -> dict[str, np.ndarray]:
    """Landmarks and covariances of heatmaps, with those of the mirrored images."""
    import torch
    from mmpose.registry import MODELS

    from benchmark.models.heads.decoding import predict_from_heatmaps
    from benchmark.protocol.layouts import LAYOUTS

    heatmaps = torch.from_numpy(_heatmaps()[0])
    decoder = {'type': 'SoftArgmaxLabel', 'input_size': (SIDE, SIDE)}
    loss = {'type': 'STARLoss'}
    head = MODELS.build(
        {'type': 'SoftArgmaxHead', 'in_channels': 4, 'out_channels': LANDMARKS, 'loss': loss, 'decoder': decoder}
    )

    class Sample:
        metainfo = {'flip_indices': LAYOUTS['cofw'].flip_indices}  # noqa: RUF012

    found = predict_from_heatmaps(head, [heatmaps, heatmaps.flip(0)], [Sample] * len(heatmaps))
    return {
        'heatmaps: landmarks': np.concatenate([one.keypoints for one in found]).astype(np.float64),
        'heatmaps: covariances': np.concatenate([one.heatmap_covariances for one in found]).astype(np.float64),
    }


def _heatmaps() -> tuple[np.ndarray, np.ndarray]:
    """Leaning Gaussians (B, K, H, W) of mass 1 and true landmarks (B, K, 2) near their middles, in [-1, 1]."""
    rng = np.random.default_rng(1)
    middle = rng.uniform(-0.5, 0.5, (BATCH, LANDMARKS, 2, 1, 1))
    angle = rng.uniform(0, np.pi, (BATCH, LANDMARKS, 1, 1))
    y, x = np.mgrid[-1:1:32j, -1:1:32j]
    dx, dy = x - middle[:, :, 0], y - middle[:, :, 1]
    along, across = dx * np.cos(angle) + dy * np.sin(angle), dy * np.cos(angle) - dx * np.sin(angle)
    maps = np.exp(-((along / 0.25) ** 2) - (across / 0.12) ** 2)
    truth = middle[..., 0, 0] + rng.normal(0, 0.03, (BATCH, LANDMARKS, 2))
    return maps / maps.sum(axis=(-2, -1), keepdims=True), truth


def _summary(array: np.ndarray) -> np.ndarray:
    """Products of each entry of the first axis with four fixed random patterns, float64."""
    patterns = np.random.default_rng(5).standard_normal((int(np.prod(array.shape[1:])), 4))
    return array.reshape(len(array), -1).astype(np.float64) @ patterns
