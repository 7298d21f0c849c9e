"""The evaluator that keeps predictions, so that metrics are computed from them and not during training."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from mmengine.evaluator import BaseMetric
from mmpose.registry import METRICS
from numpy.typing import ArrayLike, NDArray

from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.metrics import per_image_nme


@METRICS.register_module()
class PredictionCollector(BaseMetric):
    """Collects landmarks and heatmap covariances of a test set; reports the headline NME for the log alone.

    After evaluation ``keypoints`` (N, K, 2) and ``covariances`` (N, K, 3) or None hold the predictions in the order of
    the dataset, in (squared) pixels of the original images, float32, and ``sides`` (N,) the sides of the network's
    crops in pixels of the original images, float64.

    Args:
        benchmark: name of the benchmark.
        **kwargs: arguments of MMEngine's ``BaseMetric``.
    """

    default_prefix = 'face'

    def __init__(self, benchmark: str, **kwargs) -> None:
        super().__init__(**kwargs)
        self.benchmark = get_benchmark(benchmark)
        self.keypoints: np.ndarray | None = None
        self.covariances: np.ndarray | None = None
        self.sides: np.ndarray | None = None

    def process(self, data_batch: dict, data_samples: Sequence[dict]) -> None:
        """Take the predictions of one batch."""
        for sample in data_samples:
            predicted = sample['pred_instances']
            result = {
                'id': sample['id'],
                'keypoints': np.asarray(predicted['keypoints'][0], dtype=np.float32),
                'truth': np.asarray(sample['gt_instances']['keypoints'][0], dtype=np.float64),
                'side': float(np.asarray(sample['input_scale']).max()),
            }
            if 'heatmap_covariances' in predicted:
                covariances = predicted['heatmap_covariances'][0]
                result['covariances'] = in_pixels_of_image(covariances, sample['input_scale'], sample['input_size'])
            self.results.append(result)

    def compute_metrics(self, results: list[dict]) -> dict[str, float]:
        """Put predictions in order.

        Returns:
            ``nme``, percent, of the benchmark's headline normalizer over all images.
        """
        results = sorted(results, key=lambda result: result['id'])
        self.keypoints = np.stack([result['keypoints'] for result in results])
        self.sides = np.array([result['side'] for result in results])
        with_covariances = 'covariances' in results[0]
        self.covariances = np.stack([result['covariances'] for result in results]) if with_covariances else None
        truth = np.stack([result['truth'] for result in results])
        if not np.isfinite(self.keypoints).all():
            return {'nme': float('nan')}
        nme = per_image_nme(self.keypoints, truth, self.benchmark.name, self.benchmark.headline_normalizer)
        return {'nme': 100 * float(nme.mean())}


def in_pixels_of_image(covariances: ArrayLike, input_scale: ArrayLike, input_size: ArrayLike) -> NDArray[np.float32]:
    """Covariances of heatmaps in squared pixels of the original image.

    Args:
        covariances: (K, 3) as (xx, xy, yy), squared pixels of the network input.
        input_scale: width and height of the network's crop, pixels of the original image.
        input_size: width and height of the network input, pixels.
    """
    zoom_x, zoom_y = np.asarray(input_scale) / np.asarray(input_size)
    unit = np.array([zoom_x**2, zoom_x * zoom_y, zoom_y**2])
    return np.asarray(covariances * unit, dtype=np.float32)
