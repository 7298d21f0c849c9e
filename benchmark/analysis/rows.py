"""Rows of the tables: the runs of one configuration over its seeds, and which rows may be compared."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.analysis.runs import Run
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.protocol.published_sets import difference
from benchmark.records.record import Record

BASELINE_LOSS = 'smooth-L1'
TIMES = '\u00d7'
UNKNOWN_SEED = 'seed not known'


@dataclass(frozen=True, eq=False)
class Row:
    """One configuration on one dataset.

    Attributes:
        benchmark: the benchmark.
        done: runs with a result, by seed.
        unfinished: runs without one, by seed.
        outdated: whether a newer configuration of the same name has a row of its own.
    """

    benchmark: Benchmark
    done: tuple[Run, ...]
    unfinished: tuple[Run, ...]
    outdated: bool = False

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
        return hashlib.sha256(repr(parts).encode()).hexdigest()

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
        return f'{self.record.name} [{weights.file}]' if weights else self.record.name

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
        recipes: rows of equal recipe, which differ in the loss alone, the baseline first; and rows of given weights by
            themselves, since what they differ in is not known.
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
    by_configuration, newest = defaultdict(list), {}
    for run in sorted(runs, key=lambda run: -1 if run.record.seed is None else run.record.seed):
        by_configuration[_name(run), run.record.recipe, run.record.config].append(run)
        newest[_name(run)] = max(newest.get(_name(run), run.created), run.created)
    by_recipe = defaultdict(list)
    for (name, recipe, _), members in by_configuration.items():
        done = tuple(run for run in members if run.record.status == 'done')
        unfinished = tuple(run for run in members if run.record.status != 'done')
        outdated = max(run.created for run in members) < newest[name]
        by_recipe[recipe, members[0].record.weights is not None].append(Row(benchmark, done, unfinished, outdated))
    recipes = [
        tuple(sorted(rows, key=lambda row: (not row.is_baseline, row.is_star, row.record.loss, row.record.name)))
        for rows in by_recipe.values()
    ]
    return tuple(sorted(recipes, key=_rank))


def _name(run: Run) -> tuple[str, str | None]:
    return run.record.name, run.record.weights and run.record.weights.sha256


def _rank(rows: Sequence[Row]) -> tuple:
    """Recipes with a result first; then complete data, trained weights, and the best headline NME."""
    best = min((_headline_nme(row) for row in rows if row.done), default=float('inf'))
    partial = any(row.missing_data for row in rows)
    given = rows[0].record.weights is not None
    return (not any(row.done for row in rows), partial, given, best, rows[0].record.name, rows[0].record.recipe)


def _headline_nme(row: Row) -> float:
    normalizer = row.benchmark.headline_normalizer
    return sum(run.digest.nme(normalizer).mean() for run in row.done) / len(row.done)
