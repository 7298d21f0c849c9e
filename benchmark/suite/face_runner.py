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
from mmengine.runner import BaseLoop, Runner
from mmpose.registry import RUNNERS
from torch import nn
from torch.utils.data import DataLoader

from benchmark.errors import BenchmarkError
from benchmark.models.batches.faces_on_device import FacesOnDevice
from benchmark.models.batches.shared_batches import SharedBatchSampler, WholeSampler
from benchmark.models.graphed_losses import GraphedLosses
from benchmark.models.networks.synchronized_batch_norm import synchronize_batch_norm
from benchmark.suite.compiling import compile_parts
from benchmark.suite.gpu import arrange, free_bytes, fuse_optimizer, keep_crops_there, whole_float32
from benchmark.suite.kept_batches import KeptBatches
from benchmark.suite.peers import processes
from benchmark.suite.shared_model import BatchShareHook, SharedModel
from benchmark.suite.substitutes import put_substitutes


@RUNNERS.register_module()
class FaceRunner(Runner):
    """Compiles the network where ``compile_network`` of the configuration says so, and shares it between processes.

    ``compile_network`` is true, or a dictionary of arguments for ``torch.compile``; what is compiled is said in
    :func:`benchmark.suite.compiling.compile_parts`. In several processes batch normalization is over the batch of all
    of them, on CPUs as well, where MMEngine has none. Tests and validations compute in whole float32, and validation
    images are read once. On a GPU training images are picked from crops that lie there, if these fit, and with
    ``cuda_graphs = True`` network and losses of a training by one process are recorded and replayed.
    """

    def build_train_loop(self, loop: dict | BaseLoop) -> BaseLoop:
        """Called by MMEngine when the training begins; crops that fit there move to the GPU."""
        if isinstance(loop, BaseLoop):
            return loop
        preprocessor = getattr(self.model, 'data_preprocessor', None)  # a model of several processes hides it
        if self.on_gpu and getattr(preprocessor, 'augmentation', None) is not None:
            self._train_dataloader = keep_crops_there(self._train_dataloader, free_bytes())
        if self.cfg.get('cuda_graphs', False) and self._train_dataloader.get('num_workers'):
            # A thread that asks for pinned memory while graphs are recorded makes that fail.
            self._train_dataloader = {**self._train_dataloader, 'pin_memory': False}
        loop = super().build_train_loop(loop)
        dataset = loop.dataloader.dataset
        if getattr(dataset, 'by_number', False):
            preprocessor.faces = FacesOnDevice(dataset, preprocessor.device)
        return loop

    def build_val_loop(self, loop: dict | BaseLoop) -> BaseLoop:
        """Called by MMEngine when the training begins."""
        if isinstance(loop, BaseLoop):
            return loop
        loop = super().build_val_loop(loop)
        loop.dataloader = KeptBatches(loop.dataloader)
        loop.run = whole_float32()(loop.run)
        return loop

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
        with _in_shared_memory(self.cfg), whole_float32():
            return super().test()

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        """Called by MMEngine with the network that it has built."""
        if self.on_gpu:
            arrange(model)
        compiled = self.cfg.get('compile_network', False)
        if compiled:
            compile_parts(model, {} if compiled is True else dict(compiled))
        if not self.distributed:
            if self.on_gpu and self.cfg.get('cuda_graphs', False):
                self._record(model)
            return super().wrap_model(model_wrapper_cfg, model)
        model = synchronize_batch_norm(model, 'cuda' if self.on_gpu else 'cpu')
        return SharedModel(
            model.cuda() if self.on_gpu else model,
            device_ids=[int(os.environ['LOCAL_RANK'])] if self.on_gpu else None,
        )

    def _record(self, model: nn.Module) -> None:
        try:
            if (self.cfg.get('optim_wrapper') or {}).get('accumulative_counts', 1) > 1:
                # Gradients lie where those of the next batch are replayed to.
                raise ValueError('cuda_graphs: not with accumulative_counts')
            model.loss = GraphedLosses(model)
        except ValueError as error:
            raise BenchmarkError(f'{self.cfg.filename}: {error} (leave out cuda_graphs)') from error

    @property
    def on_gpu(self) -> bool:
        """Whether this process computes on a GPU: one that is to use the CPU sees none."""
        return torch.cuda.is_available()


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
    put_substitutes(config)
    if torch.cuda.is_available():
        fuse_optimizer(config)
    share_between_processes(config)
    return config
