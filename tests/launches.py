"""What a training step would tell a GPU, counted without one: ``python -m tests.launches``.

Tensors on PyTorch's device 'meta' have a shape and no values: a training takes the paths of a GPU there, every
operation that it asks for is seen, and nothing is computed. What would make the host wait for values or copies is
noted.
"""

from __future__ import annotations

import argparse
import copy
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from unittest.mock import patch

import torch
from mmengine.config import Config
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from benchmark.losses import star_loss_triton
from benchmark.suite import face_runner
from benchmark.suite.experiments import load_experiment
from benchmark.suite.face_runner import FaceRunner
from benchmark.suite.gpu import arrange, fuse_optimizer
from benchmark.suite.speed import runners
from benchmark.suite.speed.faces import draw_faces, use_faces

GPU = torch.device('meta')
FACES = 'synthetic-68'
USUAL = (
    'td-softargmax_hg4-attn-star_32b-500e_300w-256x256',
    'td-softargmax_hrnetv2-w18-star_8x64b-60e_300w-256x256',
    'td-hm_hrnetv2-w18-mse_8x64b-60e_300w-256x256',
)
# Operations that launch nothing: they make or look at memory.
_SILENT = frozenset(('empty', 'empty_like', 'empty_strided', 'new_empty', 'new_empty_strided', '_unsafe_view'))
# Operations whose result has to be known on the host.
_ASKING = frozenset(('_local_scalar_dense', '_unique2', 'bincount', 'equal', 'masked_select', 'nonzero', 'unique_dim'))


@dataclass
class Told:
    """What a GPU was told.

    Attributes:
        launches: how often each operation was asked for that computes, copies or fills something on the GPU.
        waits: what the host would have waited for, in words.
        copied: bytes copied between host and GPU.
    """

    launches: Counter = field(default_factory=Counter)
    waits: list[str] = field(default_factory=list)
    copied: int = 0


class _Listening(TorchDispatchMode):
    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        name = func.overloadpacket.__name__
        given = [one for one in tree_leaves((args, kwargs)) if isinstance(one, Tensor)]
        on_gpu = any(one.device == GPU for one in given)
        if on_gpu and name in _ASKING:
            self.told.waits.append(name)
            if name == '_local_scalar_dense':
                return 1.0 if given[0].is_floating_point() else 1
        if name == 'copy_' and given[0].device != given[1].device:
            self._copy(given[1], kwargs.get('non_blocking', len(args) > 2 and args[2]))
        device = kwargs.get('device')
        if name == '_to_copy' and device is not None and device != given[0].device:
            self._copy(given[0], kwargs.get('non_blocking', False))
        result = func(*args, **kwargs)
        on_gpu |= any(one.device == GPU for one in tree_leaves(result) if isinstance(one, Tensor))
        if on_gpu and not func.is_view and name not in _SILENT:
            self.told.launches[name] += 1
        return result

    def _copy(self, source: Tensor, non_blocking: bool) -> None:
        self.told.copied += source.nbytes
        if not non_blocking:
            self.told.waits.append(f'a copy of {tuple(source.shape)} from {source.device.type}')


class _Handing(TorchFunctionMode):
    """Notes what hands values of the host to the GPU and shows no operation there: lists as indices, new tensors."""

    def __init__(self, told: Told) -> None:
        super().__init__()
        self.told = told

    def __torch_function__(self, func, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if func is Tensor.__getitem__ and args[0].device == GPU:
            indices = args[1] if isinstance(args[1], tuple) else (args[1],)
            if any(isinstance(index, list) for index in indices):
                self.told.waits.append('a list of indices')
        makes = func in (torch.tensor, torch.as_tensor) and not isinstance(args[0], Tensor)
        if (makes and kwargs.get('device') == GPU) or (func is Tensor.new_tensor and args[0].device == GPU):
            self.told.waits.append('a new tensor of given values')
        return func(*args, **kwargs)


@contextmanager
def listening() -> Iterator[Told]:
    """Write down what a GPU is told in here."""
    told, autocast = Told(), torch.autocast

    def without_meta(device_type: str, *arguments, **options):
        return nullcontext() if device_type == GPU.type else autocast(device_type, *arguments, **options)

    with patch('torch.autocast', without_meta), _Handing(told), _Listening(told):
        yield told


class _PretendedRunner(FaceRunner):
    """A runner whose GPU is not there."""

    on_gpu = True

    def wrap_model(self, model_wrapper_cfg: dict | None, model: nn.Module) -> nn.Module:
        arrange(model)
        return model.to(GPU)

    def _init_model_weights(self) -> None:
        """There are no values."""


def told_in_a_step(config: Config, data_root: Path, work: Path) -> Told:
    """What a GPU would be told in a step of training, hooks included, that is neither the first nor logged.

    Args:
        config: configuration of an experiment; left as it is.
        data_root: folder of prepared faces, of two batches at least.
        work: folder for the log.
    """
    config = copy.deepcopy(config)
    config.train_dataloader.update(num_workers=0, persistent_workers=False, pin_memory=False)
    fuse_optimizer(config)
    with ExitStack() as stack:
        for target, name, value in (
            (runners, 'FaceRunner', _PretendedRunner),
            (face_runner, 'free_bytes', lambda: 2**40),
            (star_loss_triton, 'fits', lambda heatmaps: True),
            (sys.modules['torch.optim.optimizer'], '_get_fused_kernels_supported_devices', lambda: ['meta']),
        ):
            stack.enter_context(patch.object(target, name, value))
        stack.enter_context(runners.conditions_of_training('cpu'))
        runner = runners.prepared_runner(config, data_root, work)
        runner.call_hook('before_train_epoch')
        runner.model.train()
        batches = iter(runner.train_dataloader)
        with listening():
            runner.train_loop.run_iter(0, next(batches))  # tables that are kept are made in it
        with listening() as told:
            runner.train_loop.run_iter(1, next(batches))
        return told


def main(arguments: Sequence[str] | None = None) -> int:
    """Count for configurations of 300W; returns 0."""
    parser = argparse.ArgumentParser(prog='python -m tests.launches', description='Count what a GPU would be told.')
    parser.add_argument('configs', nargs='*', metavar='CONFIG', default=USUAL, help='stems of configurations of 300W')
    for name in parser.parse_args(arguments).configs:
        config = load_experiment(Path('mmpose_configs', '300w', f'{name}.py')).config
        with tempfile.TemporaryDirectory() as folder:
            draw_faces(FACES, 3 * config.train_dataloader.batch_size, Path(folder))
            use_faces(config, FACES)
            told = told_in_a_step(config, Path(folder), Path(folder, 'work'))
        print(f'{name}: {sum(told.launches.values())} launches, {len(told.waits)} waits, {told.copied} bytes copied')
        print('  ' + ', '.join(f'{count} {name}' for name, count in told.launches.most_common(12)))
    return 0


if __name__ == '__main__':
    sys.exit(main())
