from __future__ import annotations

import pytest
import torch
from mmengine.registry import init_default_scope
from mmpose.registry import MODELS

from benchmark.suite.complexity import count_gflops
from benchmark.suite.experiments import load_experiment

SMALL = 'td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128'


@pytest.fixture(scope='module')
def experiment(root):
    import benchmark.models  # noqa: F401  registers the components

    init_default_scope('mmpose')
    return load_experiment(root / 'mmpose_configs' / '300w' / f'{SMALL}.py')


def test_equals_the_multiplications_of_every_convolution(experiment):
    expected, model = 0, MODELS.build(experiment.config.model).eval()

    def count(layer, inputs, output):
        nonlocal expected
        (kernel_height, kernel_width), (_, _, height, width) = layer.kernel_size, output.shape
        window = layer.in_channels // layer.groups * kernel_height * kernel_width
        expected += layer.out_channels * height * width * window

    convolutions = [layer for layer in model.modules() if isinstance(layer, torch.nn.Conv2d)]
    for layer in convolutions:
        layer.register_forward_hook(count)
    with torch.inference_mode():
        model(torch.rand(1, 3, 128, 128), None, mode='tensor')
    assert len(convolutions) > 20
    assert count_gflops(experiment) == pytest.approx(expected / 1e9, rel=1e-9)


def test_counting_leaves_the_random_numbers_alone(experiment):
    torch.manual_seed(3)
    before = torch.rand(2)
    torch.manual_seed(3)
    count_gflops(experiment)
    assert torch.equal(torch.rand(2), before)
