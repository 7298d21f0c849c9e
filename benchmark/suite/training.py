"""Training one experiment in this process: from the beginning, or from where an earlier run stopped."""

from __future__ import annotations

import copy
import statistics
from collections.abc import Callable, Sequence
from pathlib import Path

from mmengine.config import Config
from mmengine.hooks import Hook
from mmpose.registry import MODELS

from benchmark.models.hooks import IterationSeedHook
from benchmark.records.parts import Cost, Part
from benchmark.suite.checkpoint_hook import SpacedCheckpointHook
from benchmark.suite.checkpoints import latest_checkpoint
from benchmark.suite.environment import peak_memory_mib
from benchmark.suite.face_runner import FaceRunner
from benchmark.suite.peers import first_decides
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.weights import Weights, check_covers, read_tensors


def never(epoch_seconds: float) -> None:
    """A training that is to end with its last epoch."""


def train(
    config: Config,
    work: Path,
    weights: Weights | None,
    hooks: Sequence[Hook],
    stop: Callable[[float], str | None] = never,
) -> int:
    """Train to the last epoch.

    Args:
        config: configuration of the run, from :func:`benchmark.suite.face_runner.runtime_config`.
        work: folder of the checkpoints.
        weights: what the backbone starts from where the configuration names pretrained weights.
        hooks: what is kept of the training, in its checkpoints as well, such as the curve.
        stop: says after an epoch why the training is to end, if it is (see :class:`SpacedCheckpointHook`).

    Returns:
        Number of trainable parameters.

    Raises:
        Paused: the training has ended before its last epoch, as ``stop`` wanted; a checkpoint is on disk.
        BenchmarkError: the weights are not those of this backbone, or the loss is not finite.
        OSError: a checkpoint cannot be written.
    """
    config = copy.deepcopy(config)
    config.custom_hooks = [*config.get('custom_hooks', []), {'type': IterationSeedHook.__name__}]
    # The place of MMEngine's, which writes after every epoch and leaves half a file where it is killed.
    config.default_hooks = {**config.get('default_hooks', {}), 'checkpoint': None}
    checkpoint = first_decides(lambda: latest_checkpoint(work))
    if checkpoint is not None:
        config.load_from, config.resume = str(checkpoint), True
    if weights is not None:
        start_from(config, weights)
    if config.train_cfg.get('val_interval'):
        config.val_dataloader, config.val_evaluator = config.test_dataloader, config.test_evaluator
    else:
        config.val_dataloader = config.val_evaluator = config.val_cfg = None
    runner = FaceRunner.from_cfg(config)
    for hook in (*hooks, SpacedCheckpointHook(stop)):
        runner.register_hook(hook)
    runner.train()
    # Loading processes that stay for the next epoch: left to the garbage collector, each takes seconds to end.
    runner.train_dataloader._iterator = None
    return sum(parameter.numel() for parameter in runner.model.parameters() if parameter.requires_grad)


def training_cost(progress: ProgressHook, parts: Sequence[Part], test_seconds: float, device: str) -> Cost:
    """What a training and its test took, continuations included."""
    peaks = [part.peak_memory_mib for part in parts if part.peak_memory_mib is not None]
    seconds = [epoch['seconds'] for epoch in progress.curve]
    return Cost(
        epochs=len(seconds),
        train_seconds=sum(seconds),
        train_images_per_second=progress.images_per_epoch / statistics.median(seconds),
        test_seconds=test_seconds,
        peak_memory_mib=max([*peaks, peak_memory_mib(device)]),
    )


def start_from(config: Config, weights: Weights) -> None:
    """Put the file, or nothing, in place of the name of pretrained weights.

    Args:
        config: configuration of the run; changed.
        weights: what the backbone is to start from.

    Raises:
        BenchmarkError: the file holds the weights of another network.
    """
    backbone = config.model.backbone
    if weights.role == 'random':
        del backbone['init_cfg']  # the backbone's own initialization
        return
    inits = [backbone.init_cfg] if isinstance(backbone.init_cfg, dict) else backbone.init_cfg
    init = next(one for one in inits if one.get('type') == 'Pretrained')
    # MMEngine passes over what does not fit, and falls back on unpickling what is not safe.
    state, _ = read_tensors(weights.path)
    check_covers(state, MODELS.build({**backbone, 'init_cfg': None}), weights.path, init.get('prefix', ''))
    init.checkpoint = str(weights.path)
