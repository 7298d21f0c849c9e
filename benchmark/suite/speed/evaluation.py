"""How long the test of images takes beside the network alone."""

from __future__ import annotations

from collections.abc import Callable

import torch
from mmengine.registry import DefaultScope

from benchmark.records.speed import Measurement, Row
from benchmark.suite.speed.networks import Network, build, load, networks_for, random_batch
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.timing import Contender, compare, wall_clock


def measure(options: Options) -> Measurement:
    """Time the test of each network.

    Args:
        options: the choices.

    Raises:
        BenchmarkError: a configuration is absent or not usable.
    """
    networks = [network for network in networks_for(options.device) if not network.half]  # tests are float32
    rows: list[Row] = []
    with DefaultScope.overwrite_default_scope('mmpose'), torch.no_grad():
        for network in networks:
            rows += _measure(network, options, options.seconds / len(networks))
    about = (
        'batches of random images of the number that the configuration has; landmarks and covariances come from the '
        'same moments of the heatmaps and are mapped back to the original image'
    )
    return Measurement(part='evaluation', about=about, clock='wall', rows=tuple(rows))


def _measure(network: Network, options: Options, seconds: float) -> list[Row]:
    experiment = load(network, 'star', options)
    images = experiment.config.test_dataloader.batch_size
    model = build(experiment, options.device).eval()
    batch = random_batch(experiment, images)

    def heatmaps() -> None:
        model.head(model.extract_feat(model.data_preprocessor(batch, False)['inputs']))

    def test(flip_test: bool) -> Callable[[], None]:
        def run() -> None:
            model.test_cfg['flip_test'] = flip_test
            model.test_step(batch)

        return run

    width, height = experiment.input_size
    contenders = [
        Contender('normalization and network alone', images, heatmaps),
        Contender('landmarks and covariances', images, test(False)),
        Contender('landmarks and covariances, with flip test', images, test(True)),
    ]
    group = f'{experiment.backbone}, {width} x {height}, float32, {images} images'
    return list(compare(contenders, seconds, wall_clock(options.device), group))
