"""One experiment in this process: train or continue, test the last epoch, keep predictions and record."""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path

import numpy as np
import torch
from mmengine.config import Config
from mmengine.runner import Runner
from mmengine.utils import import_modules_from_strings

from benchmark.datasets.prepared import Prepared, open_prepared
from benchmark.errors import BenchmarkError
from benchmark.models import IterationSeedHook
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.metrics import NORMALIZERS, normalizing_distance
from benchmark.suite.checkpoints import latest_checkpoint
from benchmark.suite.environment import describe_environment, peak_memory_mib
from benchmark.suite.experiments import Experiment
from benchmark.suite.places import RECORDED, Places
from benchmark.suite.predictions import Predictions, save_predictions
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.records import Cost, Epoch, Record, describe_dataset, write_record
from benchmark.suite.summary import summarize


def run_experiment(
    experiment: Experiment, seed: int, device: str, places: Places, report: Callable[[dict], None]
) -> Record:
    """Train, test and store one experiment; continue it where an earlier run stopped.

    Args:
        experiment: what to run.
        seed: seed of initialization, shuffling and augmentation.
        device: 'cpu' or 'cuda'; the process must see no GPU for 'cpu'.
        places: folders.
        report: called with progress (see :class:`ProgressHook`).

    Returns:
        The record, as it was stored.

    Raises:
        BenchmarkError: data, configuration, disk or numbers are not usable.
    """
    prepared = open_prepared(places.data, experiment.benchmark)
    fingerprint = experiment.fingerprint(prepared.manifest.fingerprint, seed)
    work = places.checkpoints(experiment.name, seed, fingerprint)
    if device == 'cuda':
        torch.backends.cudnn.deterministic = True
        torch.use_deterministic_algorithms(True, warn_only=True)
    import_modules_from_strings(**experiment.config.get('custom_imports', {'imports': []}))
    # Described before the training: the sources may change while it runs.
    environment = describe_environment(device, experiment.precision)
    config = _runtime_config(experiment, seed, places.data, work)
    progress = ProgressHook(report)
    parameters = _train(config, work, progress)
    test_seconds, predictions = _test(config, work, prepared)
    record = Record(
        name=experiment.name,
        seed=seed,
        benchmark=experiment.benchmark,
        status='done',
        fingerprint=fingerprint,
        recipe=experiment.recipe(prepared.manifest.fingerprint),
        loss=experiment.loss,
        backbone=experiment.backbone,
        input_size=experiment.input_size,
        config=experiment.config.pretty_text,
        parameters=parameters,
        checkpoint_rule=experiment.checkpoint_rule,
        box=experiment.box,
        dataset=describe_dataset(prepared.manifest),
        metrics=summarize(predictions, get_benchmark(experiment.benchmark)),
        cost=_cost(progress, test_seconds, device),
        environment=environment,
        curve=tuple(Epoch(**epoch) for epoch in progress.curve),
        created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
    )
    stem = Path(record.file_name).stem
    record = record.model_copy(update={'predictions': f'{stem}.npz'})
    save_predictions(predictions, places.records / record.predictions)
    write_record(record, places.records)
    (work / RECORDED).touch()
    return record


def _runtime_config(experiment: Experiment, seed: int, data_root: Path, work: Path) -> Config:
    config = copy.deepcopy(experiment.config)
    for loader in (config.train_dataloader, config.test_dataloader):
        loader.dataset.data_root = str(data_root)
    config.work_dir = str(work)
    config.randomness = {'seed': seed}
    config.custom_hooks = [*config.get('custom_hooks', []), {'type': IterationSeedHook.__name__}]
    return config


def _train(config: Config, work: Path, progress: ProgressHook) -> int:
    """Train to the last epoch; returns the number of trainable parameters."""
    config = copy.deepcopy(config)
    checkpoint = latest_checkpoint(work)
    if checkpoint is not None:
        config.load_from, config.resume = str(checkpoint), True
    if config.train_cfg.get('val_interval'):
        config.val_dataloader, config.val_evaluator = config.test_dataloader, config.test_evaluator
    else:
        config.val_dataloader = config.val_evaluator = config.val_cfg = None
    runner = Runner.from_cfg(config)
    runner.register_hook(progress)
    runner.train()
    return sum(parameter.numel() for parameter in runner.model.parameters() if parameter.requires_grad)


def _test(config: Config, work: Path, prepared: Prepared) -> tuple[float, Predictions]:
    """Test the last checkpoint in a fresh runner: one that has trained would test the weights before averaging."""
    config = copy.deepcopy(config)
    config.load_from = str(latest_checkpoint(work))
    config.experiment_name = f'{Path(config.filename).stem}-test'
    config.train_dataloader = config.train_cfg = config.optim_wrapper = config.param_scheduler = None
    config.val_dataloader = config.val_evaluator = config.val_cfg = None
    config.default_hooks.pop('checkpoint', None)
    runner = Runner.from_cfg(config)
    started = time.perf_counter()
    runner.test()
    seconds = time.perf_counter() - started
    collector = runner.test_evaluator.metrics[0]
    return seconds, _predictions(prepared, collector.keypoints, collector.covariances)


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


def _cost(progress: ProgressHook, test_seconds: float, device: str) -> Cost:
    seconds = [epoch['seconds'] for epoch in progress.curve]
    return Cost(
        epochs=len(seconds),
        train_seconds=sum(seconds),
        train_images_per_second=progress.images_per_epoch / statistics.median(seconds),
        test_seconds=test_seconds,
        peak_memory_mib=peak_memory_mib(device),
    )
