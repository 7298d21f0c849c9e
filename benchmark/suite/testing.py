"""Testing weights: from a checkpoint to predictions in pixels of the original images."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
from mmengine.config import Config

from benchmark.datasets.prepared import Prepared
from benchmark.errors import BenchmarkError
from benchmark.models.collector import PredictionCollector
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.metrics import NORMALIZERS, normalizing_distance
from benchmark.records.predictions import Predictions
from benchmark.suite.face_runner import FaceRunner
from benchmark.suite.mirror_offset import mirror_offset
from benchmark.suite.peers import is_first_process
from benchmark.suite.progress_hook import ProgressHook


def evaluate_checkpoint(
    config: Config,
    checkpoint: Path,
    prepared: Prepared,
    report: Callable[[dict], None] | None = None,
    boxes: Mapping[str, object] | None = None,
) -> tuple[float, Predictions | None]:
    """Test a checkpoint in a fresh runner: one that has trained would test the weights before averaging.

    With ``mirror_offset = True`` in the configuration the training faces are predicted first, as test faces are, and
    their :func:`~benchmark.suite.mirror_offset.mirror_offset` is added to the predictions.

    Args:
        config: configuration of the run, from :func:`benchmark.suite.face_runner.runtime_config`.
        checkpoint: the checkpoint.
        prepared: the data.
        report: called as that of :class:`benchmark.suite.progress_hook.ProgressHook`; None: with nothing.
        boxes: which face boxes the test faces have, as arguments of
            :class:`benchmark.models.batches.face_dataset.FaceDataset`; None: those of the landmarks, which training
            faces have in any case.

    Returns:
        Seconds that the test took, and the predictions; None in all but the first of several processes.
    """
    seconds, collector = _test(config, checkpoint, report, boxes=boxes)
    on_training_faces = None
    if config.get('mirror_offset', False):
        more, on_training_faces = _test(config, checkpoint, None, 'train')
        seconds += more
    if not is_first_process():
        return seconds, None
    keypoints = collector.keypoints
    if on_training_faces is not None:
        keypoints = keypoints + mirror_offset(on_training_faces, prepared.train) * collector.sides[:, None, None]
    return seconds, _predictions(prepared, keypoints, collector.covariances)


def _test(
    config: Config,
    checkpoint: Path,
    report: Callable[[dict], None] | None,
    split: str = 'test',
    boxes: Mapping[str, object] | None = None,
) -> tuple[float, PredictionCollector]:
    """Seconds, and what was predicted on a split; nothing in all but the first of several processes."""
    # Unformatted: the log of the training has the same, and formatting takes tenths of a second each time.
    config = Config(config.to_dict(), config.text, config.filename, format_python_code=False)
    config.load_from = str(checkpoint)
    config.experiment_name = f'{Path(config.filename).stem}-{split}'
    config.test_dataloader.dataset.update(boxes or {}, split=split)
    config.train_dataloader = config.train_cfg = config.optim_wrapper = config.param_scheduler = None
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    config.default_hooks.pop('checkpoint', None)
    runner = FaceRunner.from_cfg(config)
    if report is not None:
        runner.register_hook(ProgressHook(report))
    started = time.perf_counter()
    runner.test()
    return time.perf_counter() - started, runner.test_evaluator.metrics[0]


def _predictions(prepared: Prepared, keypoints: np.ndarray, covariances: np.ndarray | None) -> Predictions:
    benchmark = get_benchmark(prepared.manifest.benchmark)
    faces = prepared.test
    if len(keypoints) != len(faces):
        raise BenchmarkError(f'{benchmark.name}: {len(keypoints)} predictions for {len(faces)} test images')
    truth = np.stack([face.keypoints for face in faces])
    ambiguity = None
    if all(face.ambiguity is not None for face in faces):
        ambiguity = np.stack([face.ambiguity for face in faces])[:, :, (0, 0, 1), (0, 1, 1)].astype(np.float32)
    inter_ocular, inter_pupil = (
        normalizing_distance(truth, benchmark.name, normalizer).astype(np.float32) for normalizer in NORMALIZERS
    )
    return Predictions(
        image_ids=np.array([face.image for face in faces]),
        subset_names=np.array(benchmark.subsets),
        subsets=np.array([[name == 'full' or name in face.subsets for name in benchmark.subsets] for face in faces]),
        keypoints=keypoints.astype(np.float32),
        distances=np.linalg.norm(keypoints - truth, axis=-1).astype(np.float32),
        inter_ocular=inter_ocular,
        inter_pupil=inter_pupil,
        covariances=covariances,
        ambiguity=ambiguity,
    )
