"""Rows of the tables: the runs of one configuration over its seeds."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.runs import Run
from benchmark.protocol.benchmarks import Benchmark
from benchmark.protocol.published_sets import difference
from benchmark.records.parts import Registration
from benchmark.records.record import Record

BASELINE_LOSS = 'smooth-L1'
OWN = 'own'
TIMES = '\u00d7'
UNKNOWN_SEED = 'seed not known'


@dataclass(frozen=True, eq=False)
class Row:
    """One configuration on one dataset, as one maker ran it.

    Attributes:
        benchmark: the benchmark, in the face boxes that the row was tested in.
        done: runs with a result, by seed.
        unfinished: runs without one, by seed.
        outdated: whether its maker has a row of a newer configuration with the same name.
        by_device: whether its folder has it from another kind of device, too.
    """

    benchmark: Benchmark
    done: tuple[Run, ...]
    unfinished: tuple[Run, ...]
    outdated: bool = False
    by_device: bool = False

    @property
    def runs(self) -> tuple[Run, ...]:
        """All runs, those with a result first."""
        return self.done + self.unfinished

    @property
    def record(self) -> Record:
        """A record that stands for the row in everything that its seeds have in common."""
        return self.runs[0].record

    @property
    def identity(self) -> str:
        """Hash, hexadecimal, of what tells this row from all others."""
        record = self.record
        weights = record.weights and record.weights.sha256
        parts = (record.benchmark, record.name, record.recipe, record.config, weights)
        made = (record.experiment, self.device, self.own)
        return hashlib.sha256(repr((*parts, *made)).encode()).hexdigest()

    @property
    def own(self) -> bool:
        """Whether it is one of one's own results that stand beside published ones."""
        return self.runs[0].own

    @property
    def device(self) -> str | None:
        """Kind of device, 'cpu' or 'cuda'; None where that is not known."""
        return self.runs[0].device

    @property
    def maker(self) -> tuple[Path, str | None]:
        """Folder of records, and kind of device: rows whose makers differ do not differ in their loss alone."""
        return self.runs[0].folder, self.device

    @property
    def plan(self) -> Registration | None:
        """The plan that named all its seeds with a result before they were trained; None where there is none."""
        plans = {run.record.plan and run.record.plan.sha256 for run in self.done}
        return self.done[0].record.plan if len(plans) == 1 else None

    @property
    def registered(self) -> bool:
        """Whether one plan named all its seeds with a result before they were trained, as their records say."""
        return self.plan is not None

    @property
    def is_baseline(self) -> bool:
        """Whether this is the row that the others of its recipe are compared with."""
        return self.record.loss.casefold() == BASELINE_LOSS.casefold()

    @property
    def is_star(self) -> bool:
        """Whether the loss is STAR or a variant of it."""
        return self.record.loss.casefold().startswith('star')

    @property
    def label(self) -> str:
        """What tells the row from others in words: its configuration, and the files of weights and boxes if given."""
        weights, boxes = self.record.weights, self.record.boxes
        given = [*([weights.file] if weights else []), *([f'{boxes.kind} {boxes.file}'] if boxes else [])]
        return (f'{self.record.name} [{", ".join(given)}]' if given else self.record.name) + self._mark

    @property
    def loss(self) -> str:
        """Short name of the loss, with what tells makers apart: 'STAR', 'STAR (own)', 'STAR (cuda)'."""
        return self.record.loss + self._mark

    @property
    def _mark(self) -> str:
        marks = [*([OWN] if self.own else []), *([self.device or 'unknown device'] if self.by_device else [])]
        return f' ({", ".join(marks)})' if marks else ''

    @property
    def seeds_text(self) -> str:
        """Which seeds have a result, e.g. 'seeds 0 1 2', or where the weights come from."""
        if self.record.weights:
            return self.record.weights.origin
        if self.record.seed is None:
            return UNKNOWN_SEED
        return f'seed{"" if len(self.done) == 1 else "s"} {" ".join(str(run.record.seed) for run in self.done)}'

    @property
    def network(self) -> str:
        """Network and input size, e.g. 'ResNet-18, 256 x 256', and what is unusual of how it treats mirrored faces."""
        return ', '.join(filter(None, (self.record.backbone, self.input_size, self.mirroring)))

    @property
    def mirroring(self) -> str | None:
        """'mirror offset', 'mirror shift' or 'no mirroring'; None for the usual way, faces both ways with one label."""
        settings = self.record.settings
        if settings and settings.mirror_offset:
            return 'mirror offset'
        if settings and settings.mirror_shift:
            return 'mirror shift'
        return 'no mirroring' if re.search(r'\bflip=0(\.0)?[,)\s]', self.record.config) else None

    @property
    def input_size(self) -> str:
        """Width and height of the network input in pixels."""
        return size_text(self.record.input_size)

    @property
    def status(self) -> str:
        """'done', 'partial' (done on other data than the published), 'failed', 'no-data' or 'not-run'."""
        if self.done:
            return 'partial' if self.missing_data else 'done'
        statuses = {run.record.status for run in self.unfinished}
        return next(status for status in ('failed', 'no-data', 'not-run') if status in statuses)

    @property
    def missing_data(self) -> str | None:
        """What the row's data lack of the published benchmark, e.g. '562 of 689 test images'; None if nothing.

        What is known of both counts, not what the records call complete. Official weights were trained elsewhere.
        """
        if not self.done:
            return None
        data = min((run.record.dataset for run in self.done), key=lambda data: data.train_images)
        if not self.benchmark.subset_sizes:
            return None if data.complete else f'{data.missing} images missing'
        digest, size = self.done[0].digest, self.benchmark.train_size
        tested = difference(self.benchmark, digest.counts, digest.published)
        weights = self.record.weights
        if data.train_images >= size or (weights and weights.origin == 'official weights'):
            return tested
        return f'{data.train_images} of {size} training{f", {tested}" if tested else " images"}'

    @property
    def notes(self) -> tuple[str, ...]:
        """Remarks on the row: its weights, data and switches, seeds without a result, later attempts, and the like."""
        weights, pretrained = self.record.weights, self.record.pretrained
        boxes = self.record.boxes
        notes = [f'{weights.origin}: {weights.file}'] if weights else []
        notes += [f'{boxes.kind}: {boxes.file}'] if boxes else []
        noise = self.record.dataset and self.record.dataset.annotation_noise
        notes += [one for one in (self.mirroring, noise) if one]
        notes += [f'random weights instead of {pretrained.name}'] if pretrained and not pretrained.file else []
        notes += ['older configuration of this name'] if self.outdated else []
        if self.done:
            notes += [_unfinished(run.record) for run in self.unfinished]
        notes += [f'later attempt: {_unfinished(run.later)}' for run in self.runs if run.later]
        return tuple(notes)

    @property
    def reason(self) -> str:
        """Why there is no result; seeds with the same reason share it."""
        reasons = dict.fromkeys(run.record.reason or 'no reason recorded' for run in self.unfinished)
        return '; '.join(reasons)


def count_seeds(seeds: int) -> str:
    """'1 seed', '3 seeds'."""
    return '1 seed' if seeds == 1 else f'{seeds} seeds'


def size_text(size: tuple[int, int]) -> str:
    """Width and height with a multiplication sign between them."""
    return f'{size[0]} {TIMES} {size[1]}'


def seed_text(record: Record) -> str:
    """Seed of a record, or where its weights come from."""
    if record.seed is not None:
        return f'seed {record.seed}'
    return record.weights.origin if record.weights else UNKNOWN_SEED


def _unfinished(record: Record) -> str:
    return f'{seed_text(record)} {record.status}: {record.reason or "no reason recorded"}'
