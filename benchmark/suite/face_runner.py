"""MMEngine's runner, for networks that are compiled or trained by several processes on any device."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import torch
from mmengine.config import Config
from mmengine.dataset import DefaultSampler
from mmengine.runner import Runner
from mmpose.registry import RUNNERS
from torch import nn
from torch.utils.data import DataLoader

from benchmark.errors import BenchmarkError
from benchmark.models.batches.shared_batches import SharedBatchSampler, WholeSampler
from benchmark.models.networks.synchronized_batch_norm import synchronize_batch_norm
from benchmark.suite.peers import processes
from benchmark.suite.shared_model import BatchShareHook, SharedModel


@RUNNERS.register_module()
class FaceRunner(Runner):
    """Compiles the network where ``compile_network`` of the configuration says so, and shares it between processes.

    ``compile_network`` is true, or a dictionary of arguments for ``torch.compile``. The network alone is compiled, not
    the augmentation nor the losses: MMEngine's own ``compile`` would trace through the whole training step. In several
    processes batch normalization is over the batch of all of them, on CPUs as well, where MMEngine has none.
    """

    @staticmethod
    def build_dataloader(*arguments, **options) -> DataLoader:
        """Called by MMEngine with what it knows of the data."""
        loader = Runner.build_dataloader(*arguments, **options)
        if loader.num_workers and hasattr(loader.dataset, 'share_memory'):
            loader.dataset.share_memory()
        return loader

    def train(self) -> nn.Module:
        """Train to the last epoch.

        Raises:
            BenchmarkError: shared memory has no room for the batches of loading processes.
        """
        with _in_shared_memory(self.cfg):
            return super().train()

    def test(self) -> dict:
        """Test.

        Raises:
            BenchmarkError: as :meth:`train` does.
        """
        with _in_shared_memory(self.cfg):
            return super().test()

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Called by MMEngine with the network that it has built."""
        compiled = self.cfg.get('compile_network', False)
        if compiled:
            options = {} if compiled is True else dict(compiled)
            for part in ('backbone', 'neck'):
                if getattr(model, part, None) is not None:
                    getattr(model, part).compile(**options)
        if not self.distributed:
            return super().wrap_model(model_wrapper_cfg, model)
        on_gpu = torch.cuda.is_available()
        model = synchronize_batch_norm(model, 'cuda' if on_gpu else 'cpu')
        return SharedModel(
            model.cuda() if on_gpu else model, device_ids=[int(os.environ['LOCAL_RANK'])] if on_gpu else None
        )


@contextmanager
def _in_shared_memory(config: Config) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if 'shared memory' not in str(error):  # PyTorch's words, of a full one as of a process that it has killed
            raise
        raise BenchmarkError(
            f'{config.filename}: no room in shared memory for the batches of loading processes (enlarge /dev/shm, as '
            'docker does with --shm-size=4g, or set num_workers=0)'
        ) from error


def share_between_processes(config: Config) -> None:
    """Give each process its part of every batch, such that together they see what one process would see.

    Raises:
        BenchmarkError: the batch has fewer images than there are processes, or is not sampled in a way that is known.
    """
    count = processes()
    if count == 1:
        return
    config.launcher = 'pytorch'
    loader = config.train_dataloader
    where, shared = f'{config.filename}: train_dataloader', f'cannot be shared by {count} processes'
    if loader.batch_size < count:
        raise BenchmarkError(f'{where}.batch_size {loader.batch_size} {shared} (choose fewer with --processes)')
    sampler = loader.get('sampler', {})
    kind = sampler.get('type')
    if kind not in ('DefaultSampler', DefaultSampler) or 'batch_sampler' in loader or 'num_batch_per_epoch' in loader:
        raise BenchmarkError(f'{where}: only a DefaultSampler and plain batches {shared} (leave out --processes)')
    loader.sampler = {**sampler, 'type': WholeSampler.__name__}
    loader.batch_sampler = {'type': SharedBatchSampler.__name__, 'drop_last': loader.pop('drop_last', False)}
    config.custom_hooks = [*config.get('custom_hooks', []), {'type': BatchShareHook.__name__}]
    config.test_evaluator.collect_device = 'gpu'  # by messages; 'cpu' would leave a folder where the command was given
    augmentation = config.model.get('data_preprocessor', {}).get('augmentation')
    if augmentation:
        config.model.data_preprocessor.augmentation = {
            'type': 'GatheredAugmentation',
            'augmentation': copy.deepcopy(augmentation),
        }


def runtime_config(config: Config, seed: int, data_root: Path, work: Path, cache: Path | None = None) -> Config:
    """A configuration with what belongs to one run on one machine."""
    config = copy.deepcopy(config)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(data_root)
        if cache is not None and loader.dataset.type == 'FaceCropDataset':
            loader.dataset.cache = str(cache)
    config.runner_type = FaceRunner.__name__
    config.work_dir = str(work)
    config.randomness = {'seed': seed}
    share_between_processes(config)
    return config
