"""From heatmaps to predicted landmarks, for every head whose landmarks are expectations."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from mmengine.structures import InstanceData
from mmpose.models.heads import BaseHead
from torch import Tensor

from benchmark.losses.moments import heatmap_moments
from benchmark.losses.star_terms import covariance


def predict_from_heatmaps(
    head: BaseHead, heatmaps: Iterable[Tensor], batch_data_samples: list, test_cfg: dict | None = None
) -> list[InstanceData]:
    """Landmarks of a batch.

    Args:
        head: head with a :class:`SoftArgmaxLabel` as its decoder.
        heatmaps: (B, K, H, W), non-negative, of the images; for the flip test followed by those of the mirrored
            images, whose positions and covariances are averaged with the first.
        batch_data_samples: data samples; the flip test uses the ``flip_indices`` of the first one.
        test_cfg: the ``mirror_shift`` of the augmentation that the network was trained with, if it has one: the
            landmarks of mirrored images are shifted back.

    Returns:
        One instance a sample: ``keypoints`` (1, K, 2) in pixels of the network input, ``keypoint_scores`` (1, K),
        all 1, and ``heatmap_covariances`` (1, K, 3) as (xx, xy, yy), squared pixels of the network input.
    """
    (mean, covariances), *mirrored = (_mean_and_covariance(one) for one in heatmaps)
    shift = 2 * mean.new_tensor((test_cfg or {}).get('mirror_shift', 0.0))  # positions are from -1 to 1
    shift = torch.stack((shift, torch.zeros_like(shift)), dim=-1)
    for pair in mirrored:
        flip_indices = list(batch_data_samples[0].metainfo['flip_indices'])
        mirrored_mean, mirrored_covariances = (part[:, flip_indices] for part in pair)
        mirrored_mean = mirrored_mean * mean.new_tensor([-1, 1]) + shift
        mean = (mean + mirrored_mean) / 2
        covariances = (covariances + mirrored_covariances * mean.new_tensor([1, -1, 1])) / 2
    instances = head.decode(mean[:, None].cpu().numpy())
    half_width, half_height = (size / 2 for size in head.decoder.input_size)
    unit = mean.new_tensor([half_width**2, half_width * half_height, half_height**2])
    for instance, covariances_of_one in zip(instances, (covariances * unit)[:, None].cpu().numpy(), strict=True):
        instance.heatmap_covariances = covariances_of_one
    return instances


def _mean_and_covariance(heatmaps: Tensor) -> tuple[Tensor, Tensor]:
    moments = heatmap_moments(heatmaps)
    return moments.mean, covariance(moments)
