"""How many images a second a trained network does on the CPU, in PyTorch and exported."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch
from mmengine.registry import DefaultScope

from benchmark.errors import BenchmarkError
from benchmark.models.heads.landmark_network import LandmarkNetwork
from benchmark.records.speed import Measurement, Row
from benchmark.suite.export import export, onnx_runner, require_onnx
from benchmark.suite.speed.networks import Network, build, load, networks_for
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.timing import Contender, compare, wall_clock

BATCHES = (1, 16)


def measure(options: Options) -> Measurement:
    """Time both ways for the networks that a CPU can run, on the CPU.

    Args:
        options: the choices.

    Raises:
        BenchmarkError: a configuration is absent or not usable, or onnxruntime disagrees with PyTorch.
    """
    options = dataclasses.replace(options, device='cpu')
    networks = networks_for('cpu')
    notes: tuple[str, ...] = ()
    try:
        require_onnx()
    except BenchmarkError as error:
        notes = (f'left out: onnxruntime: {error}',)
    rows: list[Row] = []
    with (
        tempfile.TemporaryDirectory(prefix='benchmark-speed-') as folder,
        DefaultScope.overwrite_default_scope('mmpose'),
        torch.no_grad(),
    ):
        for network in networks:
            rows += _measure(network, options, options.seconds / len(networks), None if notes else Path(folder))
    about = 'normalized images to landmarks in pixels on the CPU, without flip test'
    return Measurement(part='inference', about=about, clock='wall', rows=tuple(rows), notes=notes)


def _measure(network: Network, options: Options, seconds: float, folder: Path | None) -> list[Row]:
    experiment = load(network, 'star', options)
    module = LandmarkNetwork(build(experiment, 'cpu')).eval()
    width, height = experiment.input_size
    run_onnx = None
    if folder is not None:
        path = folder / f'{experiment.name}.onnx'
        export(module, experiment.input_size, path)
        run_onnx = onnx_runner(path)
    rows: list[Row] = []
    for images in BATCHES:
        batch = torch.randn(images, 3, height, width, generator=torch.Generator().manual_seed(0))
        ways: dict[str, Callable[[], object]] = {'PyTorch': partial(module, batch)}
        if run_onnx is not None:
            ways['onnxruntime'] = partial(run_onnx, batch.numpy())
        contenders = [Contender(name, images, run, max(BATCHES) // images) for name, run in ways.items()]
        group = f'{experiment.backbone}, {width} x {height}, {images} image{"" if images == 1 else "s"}'
        rows += compare(contenders, seconds / len(BATCHES), wall_clock('cpu'), group)
    return rows
