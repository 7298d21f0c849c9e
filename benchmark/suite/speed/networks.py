"""Networks to measure, built from their configurations with random weights, and batches of random images for them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.structures import InstanceData, PixelData
from mmpose.registry import MODELS
from torch import nn

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.suite.experiments import Experiment, load_experiment
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.profiling import MIB

from mmpose.structures import PoseDataSample  # isort: skip


@dataclass(frozen=True)
class Network:
    """A configuration in whose name the loss is left open.

    Attributes:
        pattern: path under the folder of configurations, with ``{loss}`` in place of the loss.
        needs_gpu: whether a CPU would take minutes for a few steps.
        half: whether it is measured in bfloat16 whatever its configuration says.
    """

    pattern: str
    needs_gpu: bool = False
    half: bool = False


NETWORKS = (
    Network('wflw/td-softargmax_hg1w32-attn-{loss}_16b-40e_wflw-128x128.py'),
    Network('wflw/td-softargmax_hrnet-w8-{loss}_16b-40e_wflw-128x128.py'),
    Network('wflw/td-softargmax_res18w16-fpn-{loss}_16b-80e_wflw-128x128.py'),
    Network('wflw/td-softargmax_hg4-attn-{loss}_32b-500e_wflw-256x256.py', needs_gpu=True),
    Network('wflw/td-softargmax_hg4-attn-{loss}_32b-500e_wflw-256x256.py', needs_gpu=True, half=True),
    Network('wflw/td-softargmax_hrnetv2-w18-{loss}_8x64b-60e_wflw-256x256.py', needs_gpu=True),
)


def networks_for(device: str) -> list[Network]:
    """The networks that are measured on a device."""
    return [network for network in NETWORKS if device == 'cuda' or not network.needs_gpu]


def load(network: Network, loss: str, options: Options) -> Experiment:
    """Configuration of a network with a loss.

    Raises:
        BenchmarkError: it is absent or not usable.
    """
    experiment = load_experiment(Path(options.configs, network.pattern.format(loss=loss)))
    if network.half:
        experiment.config.optim_wrapper.type = 'AutocastOptimWrapper'
    return experiment


def build(experiment: Experiment, device: str) -> nn.Module:
    """The network with random weights, the same for every loss, without augmentation."""
    config = Config(experiment.config.model.to_dict())
    config.data_preprocessor.augmentation = None
    config.backbone.pop('init_cfg', None)  # of pretrained weights, which take no part in how fast it is
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = MODELS.build(config)
    return model.to(device)


def random_batch(experiment: Experiment, images: int) -> dict:
    """What a data loader gives: uint8 images and data samples with targets; heatmaps where the head learns those."""
    layout = get_benchmark(experiment.benchmark).layout
    width, height = experiment.input_size
    heatmap_size = (experiment.config.model.head.get('decoder') or {}).get('heatmap_size')
    generator = torch.Generator().manual_seed(0)
    labels = torch.rand(images, layout.num_landmarks, 2, generator=generator) - 0.5
    inputs = torch.randint(0, 256, (images, 3, height, width), dtype=torch.uint8, generator=generator)
    return {
        'inputs': inputs,
        'data_samples': [_sample(one, layout.flip_indices, (width, height), heatmap_size) for one in labels],
    }


def landmarks(experiment: Experiment) -> int:
    """Number of landmarks of a configuration."""
    return get_benchmark(experiment.benchmark).layout.num_landmarks


def heatmaps_mib(experiment: Experiment, images: int) -> float:
    """Size of a batch of float32 heatmaps, in MiB."""
    width, height = experiment.input_size
    # All these networks give heatmaps of a quarter of the input's size.
    return 4 * images * landmarks(experiment) * (width // 4) * (height // 4) / MIB


def _sample(
    labels: torch.Tensor, flip_indices: Sequence[int], size: tuple[int, int], heatmap_size: tuple[int, int] | None
) -> PoseDataSample:
    metainfo = {
        'flip_indices': list(flip_indices),
        'input_size': size,
        'input_center': np.array(size, dtype=np.float32) / 2,
        'input_scale': np.array(size, dtype=np.float32),
    }
    sample = PoseDataSample(metainfo=metainfo)
    weights = torch.ones(1, len(labels))
    sample.gt_instance_labels = InstanceData(keypoint_labels=labels[None], keypoint_weights=weights)
    if heatmap_size:
        sample.gt_fields = PixelData(heatmaps=torch.zeros(len(labels), *heatmap_size[::-1]))
    sample.gt_instances = InstanceData(bboxes=np.zeros((1, 4)), bbox_scores=np.ones(1))
    return sample
