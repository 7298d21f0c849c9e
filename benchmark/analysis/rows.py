"""Rows of the tables: the runs of one configuration over its seeds, and which rows may be compared."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmark.analysis.makers import group_rows, is_outdated, is_same_but_device
from benchmark.analysis.runs import Run
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
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
        benchmark: the benchmark.
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
        """What tells the row from others in words: its configuration, and the file of its weights if given."""
        weights = self.record.weights
        return (f'{self.record.name} [{weights.file}]' if weights else self.record.name) + self._mark

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
        """Network and input size, e.g. 'ResNet-18, 256 x 256'."""
        return f'{self.record.backbone}, {self.input_size}'

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
        """Remarks on the row: where its weights come from, seeds without a result, later attempts, and the like."""
        weights, pretrained = self.record.weights, self.record.pretrained
        notes = [f'{weights.origin}: {weights.file}'] if weights else []
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


@dataclass(frozen=True, eq=False)
class Section:
    """One benchmark of the page: its rows, grouped by recipe, best first.

    Attributes:
        benchmark: the benchmark.
        recipes: rows of equal recipe and maker, which differ in the loss alone, the baseline first; and rows of given
            weights by themselves, since what they differ in is not known. Own rows follow the published ones of their
            recipe.
    """

    benchmark: Benchmark
    recipes: tuple[tuple[Row, ...], ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        """All rows in the order of the table."""
        return tuple(row for recipe in self.recipes for row in recipe)


def make_sections(runs: Sequence[Run]) -> list[Section]:
    """Group runs into benchmarks, recipes and rows.

    Args:
        runs: at most one run of each configuration and seed.

    Returns:
        One section per benchmark that has a run, real benchmarks before synthetic ones.

    Raises:
        BenchmarkError: seeds of one row were not tested on the same images, or have the same predictions.
    """
    by_benchmark = defaultdict(list)
    for run in runs:
        by_benchmark[run.benchmark.name].append(run)
    order = sorted(BENCHMARKS.values(), key=lambda benchmark: benchmark.synthetic)
    sections = [Section(b, _recipes(b, by_benchmark[b.name])) for b in order if b.name in by_benchmark]
    for section in sections:
        for row in section.rows:
            _check_seeds(row)
    return sections


def _check_seeds(row: Row) -> None:
    contents: dict[str, Run] = {}
    for run in row.done:
        first, same = row.done[0], contents.setdefault(run.digest.content, run)
        if same is not run:
            raise BenchmarkError(
                f'{run.predictions_path}: holds the predictions of another seed, {same.predictions_path} '
                '(restore it or run the experiment again)'
            )
        fault = first.digest.differs_from(run.digest)
        if fault:
            raise BenchmarkError(
                f'{run.predictions_path}: {fault} than {first.predictions_path}, another seed of its row '
                '(test both on the same data, or give one another name)'
            )


def _recipes(benchmark: Benchmark, runs: Sequence[Run]) -> tuple[tuple[Row, ...], ...]:
    groups = group_rows(runs)
    rows = [_row(benchmark, group, groups) for group in groups]
    by_recipe: dict[tuple[str, bool], dict[object, list[Row]]] = defaultdict(dict)
    # Rows without a result, whose device is not known, come after the others and join those of their folder.
    for row in sorted(rows, key=lambda row: not row.done):
        makers = by_recipe[row.record.recipe, row.record.weights is not None]
        known = row.maker if row.done else next((maker for maker in makers if maker[0] == row.maker[0]), row.maker)
        makers.setdefault(known, []).append(row)
    families = [sorted(makers.values(), key=_place) for makers in by_recipe.values()]
    return tuple(tuple(sorted(rows, key=_in_recipe)) for family in sorted(families, key=_rank) for rows in family)


def _row(benchmark: Benchmark, runs: Sequence[Run], groups: Sequence[Sequence[Run]]) -> Row:
    by_device = any(is_same_but_device(runs[0], other[0]) for other in groups)
    by_seed = sorted(runs, key=lambda run: (-1 if run.record.seed is None else run.record.seed, run.path.name))
    done = tuple(run for run in by_seed if run.record.status == 'done')
    return Row(benchmark, done, tuple(run for run in by_seed if run not in done), is_outdated(runs, groups), by_device)


def _in_recipe(row: Row) -> tuple:
    return (not row.is_baseline, row.is_star, row.record.loss, row.record.name)


def _place(rows: Sequence[Row]) -> tuple:
    """Published rows of a recipe first, own ones behind; then those with a result."""
    return (rows[0].own, not any(row.done for row in rows), rows[0].device or '')


def _rank(family: Sequence[Sequence[Row]]) -> tuple:
    """Recipes with a result first; then published ones, complete data, trained weights, and the best headline NME.

    Own rows do not move published ones.
    """
    every = [row for rows in family for row in rows]
    rows = [row for row in every if not row.own] or every
    best = min((_headline_nme(row) for row in rows if row.done), default=float('inf'))
    partial = any(row.missing_data for row in rows)
    given = rows[0].record.weights is not None
    first = min(rows, key=_in_recipe).record
    return (not any(row.done for row in rows), rows[0].own, partial, given, best, first.name, first.recipe)


def _headline_nme(row: Row) -> float:
    normalizer = row.benchmark.headline_normalizer
    return sum(run.digest.nme(normalizer).mean() for run in row.done) / len(row.done)
