"""How many seeds a claim would take, as a table and as data."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.analysis.seeds_needed import FRACTIONS, Needed
from benchmark.site.tables import Cell, Column, Line, Table

_TOO_SMALL = 'too few images'


def seeds_table(title: str, found: Sequence[Needed]) -> Table | None:
    """A line for every comparison of STAR with its baseline; None without any.

    Args:
        title: name of the benchmark in print.
        found: the comparisons, of the headline measure.
    """
    if not found:
        return None
    sizes = ('as measured', *(f'of {100 * fraction:g} % of the NME' for fraction in FRACTIONS))
    columns = (
        Column('Compared', numeric=False),
        Column('Network', numeric=False),
        Column('Seeds so far'),
        Column('Spread over seeds'),
        *(Column(size, 'Seeds needed for a difference') for size in sizes),
    )
    measure = found[0].difference.measure
    caption = f'{title}: seeds that a claim takes, {measure.metric_label}, {measure.normalizer}, percentage points'
    return Table(caption, columns, (tuple(map(_line, found)),))


def caveat(found: Sequence[Needed]) -> str:
    """How far these numbers can be trusted, in a sentence."""
    fewest = min(found, key=lambda one: len(one.difference.seeds))
    low, high = fewest.factors
    return (
        f'The spread is estimated from {len(fewest.difference.seeds)} seeds: the true one may be {low:.1f} to '
        f'{high:.1f} times as large (95 %), and the number of seeds grows with its square. Several comparisons at once '
        'take more.'
    )


def needed_data(found: Needed) -> dict[str, object]:
    """The same for programs; percentage points, and null where no number of seeds suffices on so many images."""
    difference = found.difference
    return {
        'row': difference.row.record.name,
        'reference': difference.reference.record.name,
        'own': difference.row.own,
        'measure': difference.measure._asdict(),
        'seeds': list(difference.seeds),
        'deviation_over_seeds': round(found.variation.over_seeds, 6),
        'deviation_over_images': round(found.variation.over_images, 6),
        'remaining_deviation': round(found.variation.rest, 6),
        'needed': [
            {'difference': round(effect, 6), 'seeds': seeds}
            for effect, seeds in zip(found.effects, found.seeds, strict=True)
        ],
    }


def _line(found: Needed) -> Line:
    difference = found.difference
    cells = (
        Cell(f'{difference.row.loss} against {difference.reference.loss}'),
        Cell(difference.row.network),
        Cell(str(len(difference.seeds))),
        Cell(f'{found.variation.over_seeds:.2f}'),
    )
    needed = zip(found.effects, found.seeds, strict=True)
    return Line((*cells, *(Cell(str(seeds or _TOO_SMALL), f'for {effect:.2f}') for effect, seeds in needed)))
