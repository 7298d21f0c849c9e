"""Trained networks as ONNX files, each checked against PyTorch before it is left behind."""

from __future__ import annotations

import tempfile
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from benchmark.errors import BenchmarkError
from benchmark.extras import not_installed
from benchmark.models.heads.landmark_network import LandmarkNetwork
from benchmark.suite.estimators import load_estimator
from benchmark.suite.experiments import Experiment
from benchmark.suite.weights import read_tensors

if TYPE_CHECKING:
    from onnxruntime import InferenceSession

INPUT, OUTPUT = 'images', 'landmarks'
TOLERANCE = 1e-3  # pixels of the network input
_OPSET = 17
_CHECKED_BATCHES = (1, 3)


def require_onnx(*packages: str) -> None:
    """Refuse to go on without the packages that ONNX files take.

    Args:
        packages: those that are needed; none: 'onnx' and 'onnxruntime', which exporting takes.

    Raises:
        BenchmarkError: one is not installed; the message says what to install.
    """
    for name in packages or ('onnx', 'onnxruntime'):
        if find_spec(name) is None:
            raise BenchmarkError(not_installed(name))


def load_network(experiment: Experiment, weights: Path) -> LandmarkNetwork:
    """A network with weights from a file, ready to predict.

    Args:
        experiment: its configuration.
        weights: checkpoint of a training, or one that ``benchmark.convert`` made.

    Raises:
        BenchmarkError: the file is not one of weights of this network, or the head's landmarks are not expectations.
    """
    estimator = load_estimator(experiment.config, read_tensors(weights)[0], weights)
    try:
        return LandmarkNetwork(estimator).eval()
    except ValueError as error:
        raise BenchmarkError(
            f'{experiment.path}: {error} (only landmarks that are expectations are exported)'
        ) from error


def export(network: nn.Module, input_size: tuple[int, int], output: Path) -> float:
    """Write a network as ONNX and compare it with PyTorch, on batches of several sizes.

    Args:
        network: takes images (B, 3, H, W), gives landmarks (B, K, 2) in pixels.
        input_size: width and height of the images.
        output: file to write, which appears only if the two agree.

    Returns:
        The largest difference of a coordinate, pixels.

    Raises:
        BenchmarkError: the packages for it are missing, the two disagree, or the file cannot be written.
    """
    require_onnx()
    width, height = input_size
    generator = torch.Generator().manual_seed(0)
    try:
        with tempfile.TemporaryDirectory(dir=output.parent, prefix='.export-') as folder:
            written = Path(folder, output.name)
            with warnings.catch_warnings(), torch.no_grad():
                # Sizes become constants, as they should, and what traces is not going to change.
                warnings.simplefilter('ignore')
                torch.onnx.export(
                    network,
                    (torch.zeros(2, 3, height, width),),
                    str(written),
                    dynamo=False,
                    opset_version=_OPSET,
                    input_names=[INPUT],
                    output_names=[OUTPUT],
                    dynamic_axes={INPUT: {0: 'batch'}, OUTPUT: {0: 'batch'}},
                )
            run = onnx_runner(written)
            differences = []
            for images in _CHECKED_BATCHES:
                batch = torch.randn(images, 3, height, width, generator=generator)
                with torch.no_grad():
                    expected = network(batch).numpy()
                differences.append(np.abs(run(batch.numpy()) - expected).max())
            difference = float(np.max(differences))  # NaN if one of them is
            if not difference <= TOLERANCE:
                raise BenchmarkError(
                    f'{output}: not written: onnxruntime and PyTorch differ by {difference:.2g} pixels, '
                    f'more than {TOLERANCE:g} (try other versions of onnx, onnxruntime or torch)'
                )
            written.replace(output)
    except OSError as error:
        raise BenchmarkError(f'{output}: cannot write the network: {error.strerror}') from error
    return difference


def onnx_runner(path: Path) -> Callable[[NDArray], NDArray]:
    """Landmarks of images by onnxruntime; see :func:`onnx_session`."""
    session = onnx_session(path)
    return lambda images: session.run([OUTPUT], {INPUT: images})[0]


def onnx_session(path: Path) -> InferenceSession:
    """A model in onnxruntime, on the CPU, with as many threads as PyTorch uses."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    return onnxruntime.InferenceSession(str(path), options, providers=['CPUExecutionProvider'])
