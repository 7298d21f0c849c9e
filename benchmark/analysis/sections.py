"""Sections of the pages: the rows of one benchmark, grouped by recipe and maker."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.analysis.makers import group_rows, is_outdated, is_same_but_device
from benchmark.analysis.rows import Row
from benchmark.analysis.runs import Run
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark, in_boxes
from benchmark.protocol.face_boxes import BOX_KINDS


@dataclass(frozen=True, eq=False)
class Section:
    """One benchmark of the page: its rows, grouped by recipe, best first.

    Rows that were tested in other face boxes are of another benchmark (:attr:`benchmark.analysis.runs.Run.protocol`),
    and so of another section: what looks at one section cannot rank, compare or draw them beside each other.

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
        One section per benchmark and kind of face boxes that has a run, real benchmarks before synthetic ones.

    Raises:
        BenchmarkError: seeds of one row were not tested on the same images.
    """
    by_benchmark = defaultdict(list)
    for run in runs:
        by_benchmark[run.protocol].append(run)
    order = sorted(BENCHMARKS.values(), key=lambda benchmark: benchmark.synthetic)
    protocols = [in_boxes(benchmark.name, boxes) for benchmark in order for boxes in BOX_KINDS]
    sections = [Section(b, _recipes(b, by_benchmark[b])) for b in protocols if b in by_benchmark]
    for section in sections:
        for row in section.rows:
            _check_seeds(row)
    return sections


def _check_seeds(row: Row) -> None:
    for run in row.done[1:]:
        first = row.done[0]
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
