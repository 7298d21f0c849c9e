"""Networks that predict as an evaluation does: with PyTorch, or an ONNX model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import torch
from mmengine.structures import InstanceData
from torch import Tensor

from benchmark.errors import BenchmarkError
from benchmark.suite.config_reading import first_line
from benchmark.suite.estimators import build_estimator, load_estimator
from benchmark.suite.experiments import Experiment
from benchmark.suite.export import INPUT, OUTPUT, onnx_session, require_onnx
from benchmark.suite.gpu import whole_float32

# From a collated batch to its data samples, with predictions in pixels of the original images.
Network = Callable[[dict], list]


def is_onnx(weights: Path) -> bool:
    """Whether a file of weights is an ONNX model, by its name."""
    return weights.suffix.lower() == '.onnx'


def open_network(experiment: Experiment, state: Mapping[str, Tensor], weights: Path, device: str) -> Network:
    """The network of a configuration, with PyTorch.

    Args:
        experiment: its configuration.
        state: weights by name.
        weights: their file, for messages.
        device: 'cpu' or 'cuda'.

    Raises:
        BenchmarkError: the weights are not of this network.
    """
    estimator = load_estimator(experiment.config, state, weights).to(device)

    @torch.no_grad()
    @whole_float32()
    def predict(batch: dict) -> list:
        return estimator.test_step(batch)

    return predict


def open_onnx(experiment: Experiment, model: Path) -> Network:
    """The network of a configuration, with onnxruntime on the CPU.

    Args:
        experiment: its configuration.
        model: what ``benchmark.export`` wrote of it.

    Raises:
        BenchmarkError: onnxruntime is not installed, or the file is no such model.
    """
    require_onnx('onnxruntime')
    try:
        session = onnx_session(model)
    except Exception as error:  # onnxruntime has kinds of its own for all that can be wrong
        raise BenchmarkError(f'{model}: onnxruntime cannot read it as a model ({first_line(error)[:200]})') from error
    width, height = experiment.input_size
    inputs = {one.name: one.shape[1:] for one in session.get_inputs()}
    if inputs != {INPUT: [3, height, width]} or [one.name for one in session.get_outputs()] != [OUTPUT]:
        raise BenchmarkError(
            f'{model}: takes {inputs}, and {experiment.name} has images of 3 x {height} x {width} (name the '
            'configuration that it was exported with)'
        )
    estimator = build_estimator(experiment.config)

    def predict(batch: dict) -> list:
        batch = estimator.data_preprocessor(batch, False)
        (landmarks,) = session.run([OUTPUT], {INPUT: np.ascontiguousarray(batch['inputs'].numpy())})
        instances = [
            InstanceData(keypoints=points[None], keypoint_scores=np.ones((1, len(points)), np.float32))
            for points in landmarks
        ]
        return estimator.add_pred_to_datasample(instances, None, batch['data_samples'])

    return predict
