"""Jobs: which experiment runs with which seed, and what is known of it already."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path
from typing import Literal

from benchmark.datasets.box_files import FileBoxes, read_boxes
from benchmark.datasets.manifest import Manifest, OutdatedDataError, read_manifest
from benchmark.datasets.prepared import read_faces
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.face_boxes import OFFICIAL_TABLE
from benchmark.records.parts import Boxes, Dataset
from benchmark.records.record import Record, Status
from benchmark.suite.conditions import Places, Setup
from benchmark.suite.config_reading import LOSS_NAMES
from benchmark.suite.experiments import Experiment
from benchmark.suite.identity import Identity
from benchmark.suite.stored import has_result
from benchmark.suite.weights import Weights, file_sha256, initial_weights

State = Literal['done', 'no-data', 'needs-gpu', 'no-weights', 'to-run']

BASELINE_LOSS, STAR = LOSS_NAMES['SoftWeightSmoothL1Loss'], LOSS_NAMES['STARLoss']
NEEDS_GPU = 'made for a GPU (chosen by --name it is trained on the CPU all the same)'


@dataclass(frozen=True)
class Job:
    """One experiment with one seed.

    Attributes:
        experiment: the experiment.
        seed: the seed; None where given weights are tested.
        manifest: manifest of its prepared data, None where nothing is prepared.
        device: kind of device that it runs on: 'cpu' or 'cuda'.
        state: 'done' where it has its result, 'to-run', or what keeps it from being run.
        obstacle: what keeps it from being run, and what to do; one line.
        weights: weights to start from or to test; None where there are none, or where they are missing.
        boxes: face boxes to test in; None for those of the landmarks.
        perturbed: whether to test in perturbed boxes as well.
    """

    experiment: Experiment
    seed: int | None
    manifest: Manifest | None
    device: str
    state: State
    obstacle: str = ''
    weights: Weights | None = None
    boxes: FileBoxes | None = None
    perturbed: bool = False

    @property
    def name(self) -> str:
        """Name of the experiment."""
        return self.experiment.name

    @property
    def title(self) -> str:
        """Name and seed."""
        return self.name if self.seed is None else f'{self.name} seed {self.seed}'

    @property
    def drawable(self) -> bool:
        """Whether its data will be drawn by the run itself."""
        return self.state == 'no-data' and get_benchmark(self.experiment.benchmark).synthetic

    @property
    def fingerprint(self) -> str:
        """What its result is filed under."""
        return self.identity.fingerprint(self.seed)

    @cached_property
    def identity(self) -> Identity:
        """What identifies its result besides the seed."""
        dataset = self.manifest.fingerprint if self.manifest else 'none'
        given = (one and one.identity for one in (self.weights, self.boxes))
        return self.experiment.identify(dataset, self.device, *given)

    def placeholder(self, status: Status, reason: str) -> Record:
        """A record without a result."""
        return Record(
            name=self.name,
            seed=self.seed,
            benchmark=self.experiment.benchmark,
            status=status,
            reason=reason,
            fingerprint=self.fingerprint,
            experiment=self.identity.experiment,
            recipe=self.identity.recipe,
            loss=self.experiment.loss,
            backbone=self.experiment.backbone,
            input_size=self.experiment.input_size,
            config=self.experiment.text,
            components=dict(self.identity.components.sources),
            boxes=self.boxes and describe_boxes(self.boxes),
            dataset=describe_dataset(self.manifest) if self.manifest else None,
            created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
        )


def select_experiments(
    experiments: Iterable[Experiment],
    datasets: Sequence[str] = (),
    losses: Sequence[str] = (),
    names: Sequence[str] = (),
) -> list[Experiment]:
    """Experiments that match every given criterion; an empty criterion matches all.

    Args:
        experiments: where to select from.
        datasets: names of benchmarks.
        losses: names of losses, without regard to case; 'star' also matches its variants in brackets.
        names: shell patterns of experiment names.

    Raises:
        UsageError: a criterion matches nothing; the message lists what there is.
    """
    experiments = list(experiments)
    for kind, wanted, known in (
        ('dataset', datasets, lambda one: one.benchmark),
        ('loss', losses, lambda one: one.loss),
        ('name', names, lambda one: one.name),
    ):
        for pattern in wanted:
            if not any(_matches(known(one), pattern) for one in experiments):
                values = ', '.join(sorted({known(one) for one in experiments}))
                raise UsageError(f'--{kind} {pattern}: no such configuration (there are: {values})')
        experiments = [one for one in experiments if not wanted or any(_matches(known(one), name) for name in wanted)]
        if not experiments:
            raise UsageError('no configuration matches all of the selection (see --list)')
    return experiments


def plan_jobs(experiments: Iterable[Experiment], seeds: Sequence[int], places: Places, setup: Setup) -> list[Job]:
    """Find out what is there for each experiment and seed.

    A job is done when its record and predictions are there. Published records lie elsewhere: they do not keep anybody
    from reproducing them.

    Raises:
        BenchmarkError: a manifest or the record of one of the jobs is damaged.
    """
    return [job for experiment in experiments for job in _plan(experiment, seeds, places, setup)]


def plan_evaluation(
    experiment: Experiment,
    checkpoint: Path,
    places: Places,
    device: str,
    boxes: Path | None = None,
    perturbed: bool = False,
) -> Job:
    """The job of testing given weights.

    Args:
        experiment: network and test of the weights.
        checkpoint: the weights.
        places: folders.
        device: 'cpu' or 'cuda'.
        boxes: file of the face boxes; None for those of the landmarks.
        perturbed: whether to test in perturbed boxes as well.

    Raises:
        BenchmarkError: nothing is prepared, there is no such file, or the boxes do not fit data or configuration.
    """
    manifest = read_manifest(places.data, experiment.benchmark)
    weights = Weights('final', checkpoint, file_sha256(checkpoint))
    if boxes or perturbed:
        check_takes_boxes(experiment)
    found = None
    if boxes is not None:
        found = read_boxes(boxes, experiment.benchmark, read_faces(places.data, experiment.benchmark, 'test')[1])
        if found.kind == OFFICIAL_TABLE and not experiment.has_official_crop:
            raise BenchmarkError(
                f'{boxes}: a table of official crops, and {experiment.path} crops otherwise: {experiment.box} '
                '(choose a configuration of the official recipe)'
            )
    return Job(experiment, None, manifest, device, 'to-run', weights=weights, boxes=found, perturbed=perturbed)


def check_takes_boxes(experiment: Experiment) -> None:
    """Refuse a test whose faces cannot be put into other boxes.

    Raises:
        BenchmarkError: its dataset is not ``FaceDataset``.
    """
    kind = experiment.config.test_dataloader.dataset.type
    if kind != 'FaceDataset':
        raise BenchmarkError(
            f'{experiment.path}: test_dataloader.dataset is a {kind}, which takes no other face boxes (use FaceDataset)'
        )


def in_order(jobs: Iterable[Job]) -> list[Job]:
    """The order in which jobs are run, such that both sides of a comparison are finished early.

    Seed after seed, in the order in which seeds first come; within a seed recipe after recipe, in the order in which
    these do; within a recipe the baseline, then STAR, then the rest as it comes.
    """
    jobs = list(jobs)
    seeds = {seed: place for place, seed in enumerate(dict.fromkeys(job.seed for job in jobs))}
    recipes = {recipe: place for place, recipe in enumerate(dict.fromkeys(job.identity.recipe for job in jobs))}
    losses = {BASELINE_LOSS: 0, STAR: 1}
    return sorted(
        jobs,
        key=lambda job: (seeds[job.seed], recipes[job.identity.recipe], losses.get(job.experiment.loss, len(losses))),
    )


def _plan(experiment: Experiment, seeds: Iterable[int], places: Places, setup: Setup) -> Iterator[Job]:
    manifest, lack = None, missing_data(experiment.benchmark)
    try:
        manifest = find_manifest(places.data, experiment.benchmark)
    except OutdatedDataError as error:
        lack = str(error)
    weights, obstacle = None, ''
    if experiment.pretrained:
        try:
            weights = initial_weights(experiment.pretrained, setup.pretrained, setup.without_pretrained)
        except BenchmarkError as error:
            obstacle = str(error)
    for seed in seeds:
        job = Job(experiment, seed, manifest, setup.device, 'to-run', weights=weights)
        if manifest is None:
            yield replace(job, state='no-data', obstacle=lack)
        elif not obstacle and has_result(job, places.records):
            yield replace(job, state='done')
        elif experiment.needs_gpu and setup.device == 'cpu' and not setup.named:
            yield replace(job, state='needs-gpu', obstacle=NEEDS_GPU)
        else:
            yield replace(job, state='no-weights', obstacle=obstacle) if obstacle else job


def missing_data(benchmark: str) -> str:
    """Why there is no data and how to get it, in one line without a path of this machine."""
    return f'no prepared data. {get_benchmark(benchmark).how_to_get}'


def describe_dataset(manifest: Manifest) -> Dataset:
    """What a record says of prepared data."""
    return Dataset(
        fingerprint=manifest.fingerprint,
        complete=manifest.complete,
        train_images=manifest.train_images,
        test_images=manifest.test_images,
        subset_images=manifest.subset_images,
        missing=manifest.missing_images,
        pixels=manifest.pixels,
        annotation_noise=str(noise) if (noise := manifest.drawing and manifest.drawing.noise) else None,
    )


def describe_boxes(boxes: FileBoxes) -> Boxes:
    """What a record says of face boxes from a file."""
    return Boxes(kind=boxes.kind, file=boxes.path.name, sha256=boxes.sha256)


def find_manifest(data_root: Path, benchmark: str) -> Manifest | None:
    """The manifest of prepared data, or None where nothing is prepared.

    Raises:
        OutdatedDataError: an older version has prepared it.
        BenchmarkError: it is damaged.
    """
    if not (data_root / benchmark / 'manifest.json').exists():
        return None
    return read_manifest(data_root, benchmark)


def _matches(value: str, pattern: str) -> bool:
    value, pattern = value.lower(), pattern.lower()
    return fnmatch(value, pattern) or value.split(' (')[0] == pattern
