"""How much a network computes."""

from __future__ import annotations

import logging

import torch
from mmengine.logging import print_log
from mmpose.registry import MODELS
from torch.utils.flop_counter import FlopCounterMode

from benchmark.suite.config_reading import first_line
from benchmark.suite.experiments import Experiment


def gflops_if_countable(experiment: Experiment) -> float | None:
    """What :func:`count_gflops` finds; None, and a line in the log, where it fails.

    A network of one's own may not run as the count wants it to, and no trained result is to be lost for that.
    """
    try:
        return count_gflops(experiment)
    except Exception as error:  # whatever a network can raise
        print_log(f'{experiment.path}: GFLOPs not counted: {first_line(error)}', 'current', logging.WARNING)
        return None


def count_gflops(experiment: Experiment) -> float:
    """Billions of multiplications with addition that a network's convolutions and matrix products take for one image.

    This is what papers on landmarks print as GFLOPs; counting additions on their own gives twice as much.

    Args:
        experiment: configuration of the network.

    Returns:
        The count of one forward pass on the CPU, from the image to the heatmaps.
    """
    with torch.random.fork_rng(devices=[]):
        model = MODELS.build(experiment.config.model).eval()
    width, height = experiment.input_size
    counter = FlopCounterMode(display=False)
    with torch.inference_mode(), counter:
        model(torch.zeros(1, 3, height, width), None, mode='tensor')
    return counter.get_total_flops() / 2e9
