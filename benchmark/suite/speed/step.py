"""How long whole training steps take with STAR and with the baseline: network, loss, gradient and optimizer."""

from __future__ import annotations

from collections.abc import Callable

from mmengine.optim import build_optim_wrapper
from mmengine.registry import DefaultScope
from torch import nn

from benchmark.records.speed import Measurement, Row
from benchmark.suite.experiments import Experiment
from benchmark.suite.speed.networks import Network, build, heatmaps_mib, load, networks_for, random_batch
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.profiling import peak_mib, synchronizations
from benchmark.suite.speed.timing import Contender, compare, wall_clock

LOSSES = {'smoothl1': 'smooth-L1', 'star': 'STAR'}


def measure(options: Options) -> Measurement:
    """Time the step of each network.

    Args:
        options: the choices.

    Raises:
        BenchmarkError: a configuration is absent or not usable.
    """
    networks = networks_for(options.device)
    rows: list[Row] = []
    with DefaultScope.overwrite_default_scope('mmpose'):
        for network in networks:
            rows += _measure(network, options, options.seconds / len(networks))
    about = (
        'training steps on batches of random images of the size and number that the configuration has: normalization, '
        'network, losses, gradients and optimizer, without loading, augmentation and averaging of weights, which the '
        'part training has; '
        'memory beside weights and optimizer'
    )
    return Measurement(part='step', about=about, clock='wall', subject=LOSSES['star'], rows=tuple(rows))


def _measure(network: Network, options: Options, seconds: float) -> list[Row]:
    experiments = {name: load(network, loss, options) for loss, name in LOSSES.items()}
    first = experiments[LOSSES['smoothl1']]
    images = first.config.train_dataloader.batch_size
    device = options.device
    steps = {name: training_step(one, images, device, build(one, device)) for name, one in experiments.items()}
    width, height = first.input_size
    group = f'{first.backbone}, {width} x {height}, {first.precision}, {images} images'
    contenders = [Contender(name, images, run) for name, run in steps.items()]
    rows = compare(contenders, seconds, wall_clock(device), group, LOSSES['star'])
    return [_profiled(row, steps[row.name], heatmaps_mib(first, images), device) for row in rows]


def _profiled(row: Row, run: Callable[[], object], heatmap: float, device: str) -> Row:
    peak, waits = peak_mib(run, device), synchronizations(run, device)
    return row.model_copy(update={'memory_mib': peak, 'memory_heatmaps': peak / heatmap, 'synchronizations': waits})


def training_step(experiment: Experiment, images: int, device: str, model: nn.Module) -> Callable[[], object]:
    """A whole step of training that can be made again and again.

    Args:
        experiment: configuration of network, loss and optimizer.
        images: number of images in the batch, which are random ones.
        device: 'cpu' or 'cuda'.
        model: its network, on the device; it is put into training mode.
    """
    model.train()
    config = experiment.config.optim_wrapper.to_dict()
    config.pop('accumulative_counts', None)
    optim_wrapper = build_optim_wrapper(model, config)
    # Already where the network is: loading is measured apart, and a copy would be waited for.
    batch = model.data_preprocessor.cast_data(random_batch(experiment, images))

    def step() -> None:
        model.train_step(batch, optim_wrapper)

    return step
