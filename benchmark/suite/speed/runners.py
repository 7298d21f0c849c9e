"""Runners of trainings that are made epoch by epoch, by whoever has built them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.models.hooks import IterationSeedHook
from benchmark.suite.face_runner import FaceRunner, runtime_config
from benchmark.suite.gpu import repeat_bits
from benchmark.suite.progress_hook import ProgressHook


@contextmanager
def conditions_of_training(device: str) -> Iterator[None]:
    """Compute as trainings do; all is as before afterwards.

    Args:
        device: 'cpu' or 'cuda', where the same bits come out every time.
    """
    algorithms, warns = (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )
    fills, cudnn = torch.utils.deterministic.fill_uninitialized_memory, torch.backends.cudnn.deterministic
    threads = cv2.getNumThreads()
    try:
        if device == 'cuda':
            repeat_bits()
        with DefaultScope.overwrite_default_scope('mmpose'):
            yield
    finally:
        torch.use_deterministic_algorithms(algorithms, warn_only=warns)
        torch.utils.deterministic.fill_uninitialized_memory, torch.backends.cudnn.deterministic = fills, cudnn
        cv2.setNumThreads(threads)  # a runner allows none


def prepared_runner(config: Config, data_root: Path, work: Path, seed: int = 0) -> FaceRunner:
    """A runner that is ready for its first epoch, from random weights; on a GPU where PyTorch sees one.

    It has the hooks of a training but those that write checkpoints, and it never tests. Each call of
    ``runner.train_loop.run_epoch()`` trains one epoch more; ``max_epochs`` does not end it. Afterwards it is to be
    given to :func:`release`.

    Args:
        config: configuration of an experiment; left as it is.
        data_root: folder of all prepared benchmarks.
        work: folder for its log, of no other runner.
        seed: seed of initialization, shuffling and augmentation.

    Raises:
        BenchmarkError: data are not usable.
    """
    config = runtime_config(config, seed, data_root, work)
    config.model.backbone.pop('init_cfg', None)  # of pretrained weights, which nothing here depends on
    config.custom_hooks = [*config.get('custom_hooks', []), {'type': IterationSeedHook.__name__}]
    config.default_hooks = {**config.get('default_hooks', {}), 'checkpoint': None}
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    config.log_level = 'ERROR'  # the log goes to stdout as well
    config.experiment_name = work.name  # MMEngine shares log and averages between runners of one name
    runner = FaceRunner.from_cfg(config)
    runner.register_hook(ProgressHook(lambda message: None))
    loop = runner.train_loop
    loop.run = lambda: runner.call_hook('before_train')
    runner.train()  # all that precedes the first epoch
    del loop.run
    return runner


def release(runner: FaceRunner) -> None:
    """End the loading processes of a runner: left to the garbage collector, each takes seconds."""
    runner.train_dataloader._iterator = None
