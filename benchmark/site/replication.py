"""Own results beside the published ones of the same experiment: did the published numbers come out again?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmark.analysis.difference import signed
from benchmark.analysis.replication import Replication
from benchmark.analysis.rows import Row
from benchmark.site.tables import NONE, Cell, Column, Line, Table, number


def replication_table(found: Sequence[Replication], across: bool = False) -> Table | None:
    """A line for every own row whose experiment is published; None without any.

    Args:
        found: the rows, those of a benchmark together.
        across: whether they are of several benchmarks, which a column then names.
    """
    if not found:
        return None
    columns = (
        Column('Loss', numeric=False),
        *([Column('Benchmark', numeric=False)] if across else []),
        Column('Result', numeric=False),
        Column('Published'),
        Column('Here'),
        Column('Difference'),
        Column('Seeds explain up to'),
        Column('Compared over', numeric=False),
        Column('Network', numeric=False),
        Column('Made otherwise', numeric=False),
    )
    bodies: dict[str, list[Line]] = {}
    for one in found:
        bodies.setdefault(one.row.benchmark.name, []).append(_line(one, across))
    normalizers = dict.fromkeys(one.row.benchmark.headline_normalizer for one in found)
    what = 'headline NME' if len(normalizers) > 1 else f'NME, {next(iter(normalizers))}'
    caption = f'Own results of what is published: {what}, full test set, percent'
    return Table(caption, columns, tuple(map(tuple, bodies.values())))


def replication_pages(found: Sequence[Replication], links: Mapping[Row, str]) -> tuple[tuple[str, ...], ...]:
    """The page of the own row of each line of :func:`replication_table`."""
    pages: dict[str, list[str]] = {}
    for one in found:
        pages.setdefault(one.row.benchmark.name, []).append(links[one.row])
    return tuple(map(tuple, pages.values()))


def summary_text(found: Sequence[Replication]) -> str:
    """How many of the own rows came out as published, in a sentence; empty without any row.

    Those that cannot be judged, and those that were tested on other images, count for nothing and are named.
    """
    judged = [one for one in found if one.verdict not in ('not judged', 'not comparable')]
    left = len(found) - len(judged)
    parts = []
    if judged:
        held, every = sum(one.holds for one in judged), len(judged)
        is_are = 'is' if held < 2 else 'are'
        if held == every:
            what = 'The one row' if every == 1 else f'All {every} rows'
            parts.append(f'{what} trained here as published {is_are} reproduced: no difference exceeds what seeds do.')
        else:
            parts.append(f'{held or "None"} of the {every} rows trained here as published {is_are} reproduced.')
    if left:
        parts.append(f'{left} more cannot be judged.' if judged else 'No row that is published, too, can be judged.')
    return ' '.join(parts)


def replication_data(found: Replication) -> dict[str, object]:
    """What came of a row that was published and trained again, in every measure of its full test set.

    Percent; ``difference`` is own minus published in percentage points, ``bound`` how large it may be if only seeds
    make it (95 %), null where nothing is known of how seeds vary.
    """
    return {
        'row': found.row.record.name,
        'own_records': [run.path.name for run in found.runs],
        'published_records': [run.path.name for run in found.others],
        'seeds': list(found.seeds),
        'identical': found.identical,
        'verdict': found.verdict,
        'made_otherwise': list(found.circumstances),
        'sentence': found.sentence(),
        'measures': [
            {
                'measure': outcome.measure._asdict(),
                'published': round(outcome.published.mean, 6),
                'own': round(outcome.here.mean, 6),
                'difference': round(outcome.difference, 6),
                'deviation_over_seeds': outcome.spread and round(outcome.spread.deviation, 6),
                'degrees_of_freedom': outcome.spread and outcome.spread.freedom,
                'bound': None if outcome.bound is None else round(outcome.bound, 6),
                'verdict': outcome.verdict,
            }
            for outcome in found.outcomes
        ],
    }


def _line(found: Replication, across: bool) -> Line:
    outcome = found.headline
    bound = NONE if outcome.bound is None else f'±{outcome.bound:.2f}'
    equal = f', {found.identical} identical' if 0 < found.identical < len(found.runs) else ''
    return Line(
        (
            Cell(found.row.record.loss),
            *([Cell(found.row.benchmark.title)] if across else []),
            Cell(found.verdict),
            number(outcome.published),
            number(outcome.here),
            Cell(signed(outcome.difference)),
            Cell(bound),
            Cell(f'{found.over}{equal}'),
            Cell(found.row.network),
            Cell('; '.join(found.circumstances) or NONE),
        ),
        strong=found.verdict == 'differs',
    )
