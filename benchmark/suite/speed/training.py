"""How fast whole trainings go: epochs with loading, augmentation, network, losses, optimizer and hooks."""

from __future__ import annotations

import copy
import gc
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import torch

from benchmark.datasets.prepared import open_prepared
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.speed import Measurement, Row
from benchmark.suite.config_reading import first_line
from benchmark.suite.environment import describe_environment
from benchmark.suite.experiments import Experiment, load_experiment
from benchmark.suite.face_runner import FaceRunner
from benchmark.suite.speed.faces import draw_faces, is_prepared, take_faces, use_faces
from benchmark.suite.speed.networks import heatmaps_mib, landmarks
from benchmark.suite.speed.options import Options
from benchmark.suite.speed.profiling import peak_mib, synchronizations
from benchmark.suite.speed.runners import conditions_of_training, prepared_runner, release
from benchmark.suite.speed.shares import shares_of_epoch
from benchmark.suite.speed.timing import Contender, compare, wall_clock
from benchmark.suite.speed.ways import ways_to_train

RECIPES = {
    'cpu': (
        'wflw/td-softargmax_res18w16-fpn-star_16b-80e_wflw-128x128.py',
        'wflw/td-softargmax_hg1w32-attn-star_16b-40e_wflw-128x128.py',
    ),
    'cuda': (
        '300w/td-softargmax_hg4-attn-star_32b-500e_300w-256x256.py',
        '300w/td-softargmax_hrnetv2-w18-star_8x64b-60e_300w-256x256.py',
        '300w/td-hm_hrnetv2-w18-mse_8x64b-60e_300w-256x256.py',
    ),
}
BATCHES = {'cpu': 6, 'cuda': 16}  # of an epoch
PATIENCE = 120.0  # seconds for a recipe, after which three rounds have to do
_PROFILED = 4  # batches that memory and waits are measured with


class _Failure(Exception):
    """A way to train does not work here."""

    def __init__(self, name: str, reason: str) -> None:
        super().__init__(f'{name}: {reason}')
        self.name = name


@dataclass(frozen=True)
class _Training:
    """One way to train a recipe, and the runner that does."""

    name: str
    experiment: Experiment
    runner: FaceRunner

    def epoch(self) -> None:
        try:
            self.runner.train_loop.run_epoch()
        except Exception as error:  # whatever one way cannot do, the others are measured
            raise _Failure(self.name, first_line(error)) from error
        failure = getattr(self.runner.model.loss, 'failure', None)
        if failure is not None:
            raise _Failure(self.name, f'recording failed: {failure}')


def measure(options: Options) -> Measurement:
    """Time epochs of each recipe, in several ways.

    Args:
        options: the choices; faces are drawn where their data root has too few.

    Raises:
        BenchmarkError: a configuration is absent or not usable, data are damaged, no temporary file can be written,
            no way to train works, or a GPU is in sight that is not to be used.
    """
    recipes, device = RECIPES[options.device], options.device
    if device == 'cpu' and torch.cuda.is_available():
        raise BenchmarkError('training: on the CPU only where PyTorch sees no GPU (set CUDA_VISIBLE_DEVICES=-1)')
    rows: list[Row] = []
    faces: list[str] = []
    notes: list[str] = []
    with conditions_of_training(device):
        environment = describe_environment(device, 'float32')
        for recipe in recipes:
            experiment = load_experiment(options.configs / recipe)
            with tempfile.TemporaryDirectory(prefix='benchmark-speed-') as folder:
                experiment, source = _with_faces(experiment, options, Path(folder))
                found, left_out = _measure(experiment, Path(folder), device, options.seconds / len(recipes))
            rows += found
            faces.append(source)
            notes += left_out
    if not rows:
        raise BenchmarkError(f'training: nothing could be measured; {notes[0]}')
    about = (
        f'epochs of {BATCHES[device]} batches as trainings make them, without checkpoints and tests, on '
        f'{" and ".join(dict.fromkeys(faces))}; the first way of a network is its configuration; shares are of one '
        'more epoch, in which the device is waited for after each part: augmentation with copy and normalization, '
        'hooks with averages of weights; memory and waits of one batch, memory beside weights and optimizer'
    )
    return Measurement(
        part='training',
        about=about,
        clock='wall',
        rows=tuple(rows),
        notes=tuple(dict.fromkeys(notes)),
        environment=environment,
    )


def _with_faces(experiment: Experiment, options: Options, folder: Path) -> tuple[Experiment, str]:
    """The experiment on as many faces as its epochs take, which are put in the folder, and what they are."""
    count = BATCHES[options.device] * experiment.config.train_dataloader.batch_size
    prepared = None
    if is_prepared(options.data_root, experiment.benchmark):
        prepared = open_prepared(options.data_root, experiment.benchmark)
    if prepared is not None and len(prepared.train) >= count:
        name, source = experiment.benchmark, 'training'
        take_faces(prepared, count, folder)
    else:
        name, source = f'synthetic-{landmarks(experiment)}', 'newly drawn'
        draw_faces(name, count, folder)
    config = copy.deepcopy(experiment.config)
    use_faces(config, name)
    return replace(experiment, config=config), f'{count} {source} faces of {get_benchmark(name).title}'


def _measure(experiment: Experiment, folder: Path, device: str, seconds: float) -> tuple[list[Row], list[str]]:
    (width, height), images = experiment.input_size, experiment.config.train_dataloader.batch_size
    group = f'{experiment.backbone}, {experiment.loss}, {width} x {height}, {images} images'
    ways, lacking = ways_to_train(experiment, device)
    notes, trainings, rows = list(lacking), {}, []

    def leave_out(failure: _Failure) -> None:
        notes.append(f'left out: {group}, {failure}')
        if failure.name in trainings:
            release(trainings.pop(failure.name).runner)

    try:
        for name, way in ways.items():
            try:
                trainings[name] = _begin(name, way, folder)
                trainings[name].epoch()  # with what is made once: crop store, loading processes, compiled code
            except _Failure as failure:
                leave_out(failure)
        while trainings and not rows:
            contenders = [
                Contender(one.name, images * BATCHES[device], one.epoch, 1, False) for one in trainings.values()
            ]
            try:
                rows = list(compare(contenders, seconds, wall_clock(device), group, patience=PATIENCE))
            except _Failure as failure:
                leave_out(failure)
        for place, row in enumerate(rows):
            try:
                rows[place] = _profiled(row, trainings[row.name], device)
            except Exception as error:  # its times are known all the same
                notes.append(f'not known of {group}, {row.name}, what its time goes to: {first_line(error)}')
        return rows, notes
    finally:
        for training in trainings.values():
            release(training.runner)
        trainings.clear()
        if any(way.settings.compiled for way in ways.values()):
            torch.compiler.reset()  # code is kept for a few networks only
        gc.collect()
        if device == 'cuda':
            torch.cuda.empty_cache()


def _begin(name: str, way: Experiment, folder: Path) -> _Training:
    gc.collect()  # of one that has failed
    work = Path(tempfile.mkdtemp(dir=folder))
    try:
        return _Training(name, way, prepared_runner(way.config, folder, work))
    except Exception as error:  # as above
        raise _Failure(name, first_line(error)) from error


def _profiled(row: Row, training: _Training, device: str) -> Row:
    runner = training.runner
    found: dict[str, object] = {}
    step = _batch_by_batch(runner)
    if not training.experiment.settings.cuda_graphs:  # they keep their memory, and show nothing of what is in them
        found['shares'] = shares_of_epoch(runner, wall_clock(device))
        images = training.experiment.config.train_dataloader.batch_size
        peak = peak_mib(step, device)
        found |= {'memory_mib': peak, 'memory_heatmaps': peak / heatmaps_mib(training.experiment, images)}
    return row.model_copy(update={**found, 'synchronizations': synchronizations(step, device)})


def _batch_by_batch(runner: FaceRunner) -> Callable[[], object]:
    """A function that trains with the next batch, which is loaded already."""
    runner.call_hook('before_train_epoch')
    runner.model.train()
    batches = list(islice(runner.train_dataloader, _PROFILED))
    following = iter(batches)

    def step() -> None:
        runner.train_loop.run_iter(0, next(following))

    return step
