"""Two rows by their names, and every difference between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.comparison import Pairing, compare, pair
from benchmark.analysis.difference import Difference
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store, load_store
from benchmark.analysis.summaries import Summary, images_of, summarize
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.measures import Measure, all_measures
from benchmark.records.record import read_records

_NAMED = 12  # candidates in a message


@dataclass(frozen=True)
class Comparison:
    """Two rows of one benchmark.

    Attributes:
        pairing: the rows, with the runs of both that are compared.
        differences: one for every measure that both have.
    """

    pairing: Pairing
    differences: tuple[Difference, ...]

    @property
    def rows(self) -> tuple[Row, Row]:
        """The row, and the one that it is compared with."""
        return self.pairing.row, self.pairing.reference

    def values(self, measure: Measure) -> tuple[Summary, Summary]:
        """The measure of both rows over the compared runs."""
        images = images_of(self.pairing.row, measure.subset)
        first, second = (
            summarize([run.digest.values[measure.key] for run in runs], images)
            for runs in (self.pairing.runs, self.pairing.others)
        )
        return first, second


def read_sections(folders: Sequence[Path]) -> tuple[list[Section], Store]:
    """The benchmarks of some folders with records, with the results of earlier builds; nothing is written.

    Args:
        folders: see :func:`benchmark.analysis.runs.read_runs`; the store of the first one is used.

    Raises:
        BenchmarkError: a record or predictions file is damaged.
    """
    store = load_store(folders[0])
    return checked_sections(folders, store), store


def choose_sections(sections: Sequence[Section], names: Sequence[str]) -> list[Section]:
    """The benchmarks of these names in this order, all where none is given; one without a record is left out.

    A benchmark comes with what was tested on its faces in other boxes, which a name of its own stands for alone.

    Raises:
        UsageError: there is no benchmark of a name.
    """
    known = {section.benchmark.name for section in sections} | BENCHMARKS.keys()
    unknown = [name for name in names if name not in known]
    if unknown:
        raise UsageError(f"unknown benchmark '{unknown[0]}' (choose from {', '.join(BENCHMARKS)})")
    if not names:
        return list(sections)
    named = [one for name in names for one in sections if name in (one.benchmark.name, one.benchmark.faces)]
    return list(dict.fromkeys(named))


def compare_named(folders: Sequence[Path], first: str, second: str) -> Comparison:
    """Compare two rows in every measure of their benchmark, over the seeds that both finished.

    Args:
        folders: folders that hold ``records/``.
        first: name of a row's configuration, or a part of it that only one row has. Rows of given weights are told
            apart by the file of the weights, which stands in brackets behind the name, own rows from published ones by
            '(own)'. What fits rows of several benchmarks is settled by ``second``.
        second: the same for the row that it is compared with.

    Raises:
        UsageError: a name fits no row or several, or the two rows are of different benchmarks.
        BenchmarkError: a row has no result; the rows share no seed or no test set; a file is damaged.
    """
    sections, store = read_sections(folders)
    row, reference = choose_pair([row for section in sections for row in section.rows], first, second)
    section = next(section for section in sections if row in section.rows)
    for one in (row, reference):
        if not one.done:
            raise BenchmarkError(f'{one.label} has no result: {one.status}: {one.reason} (run it first)')
    paired = pair(row, reference)
    if paired is None:
        raise BenchmarkError(
            f'{row.label} has {row.seeds_text}, {reference.label} {reference.seeds_text}: none in common '
            '(run one of them with a seed of the other)'
        )
    analysis = Analysis(section, store)
    found = compare([(paired, measure) for measure in all_measures(row.benchmark)])
    # A comparison of the pages is the same here, corrected for those that stand beside it.
    return Comparison(paired, tuple(analysis.compared(row, reference, one.measure) or one for one in found))


def choose_pair(rows: Sequence[Row], first: str, second: str) -> tuple[Row, Row]:
    """The two rows of one benchmark that two names or parts of names stand for.

    Of several such pairs those of one maker come first, and of these those of published rows.

    Raises:
        UsageError: a name fits no row or several, or the two rows are of different benchmarks.
    """
    found, others = _matches(rows, first), _matches(rows, second)
    pairs = [(a, b) for a in found for b in others if a is not b and a.benchmark is b.benchmark]
    pairs = [rows for rows in pairs if rows[0].maker == rows[1].maker] or pairs
    pairs = [rows for rows in pairs if not (rows[0].own or rows[1].own)] or pairs
    if len(pairs) == 1:
        return pairs[0]
    for text, matches in ((first, found), (second, others)):
        if len(matches) > 1:
            raise UsageError(f"'{text}' fits {len(matches)} rows: {_list(matches)} (name one of them)")
    if found[0] is others[0]:
        raise UsageError(f"'{first}' and '{second}' are the same row, {found[0].label} (name two rows)")
    places = [f'{row.label} is of {row.benchmark.name}' for row in (found[0], others[0])]
    raise UsageError(f'{", ".join(places)} (name two rows of one benchmark, in face boxes of one kind)')


def whole_names(names: Sequence[str], folder: Path) -> list[str]:
    """Names or shell patterns of finished results, a part that only one of their names has standing for that name.

    Args:
        names: names, patterns or parts; what fits nothing stays as it is.
        folder: folder that holds ``records/``.

    Raises:
        UsageError: a part is one of several names.
        BenchmarkError: a record is damaged.
    """
    done = sorted({record.name for record in read_records(folder / 'records') if record.status == 'done'})
    found = []
    for name in names:
        parts_of = [] if any(fnmatch(one, name) for one in done) else [one for one in done if name in one]
        if len(parts_of) > 1:
            raise UsageError(
                f"'{name}' is a part of {len(parts_of)} names: {_named(parts_of)} (give a whole one, or '*{name}*')"
            )
        found += parts_of or [name]
    return found


def _matches(rows: Sequence[Row], text: str) -> list[Row]:
    current = [row for row in rows if not row.outdated]
    found = [row for row in current if row.label == text] or [row for row in current if text in row.label]
    if not found:
        raise UsageError(f"'{text}' fits no row (there are: {_list(current)})")
    return [row for row in found if row.done] or found


def _list(rows: Sequence[Row]) -> str:
    return _named([row.label for row in rows])


def _named(names: Sequence[str]) -> str:
    more = f' and {len(names) - _NAMED} more' if len(names) > _NAMED else ''
    return (', '.join(names[:_NAMED]) or 'none') + more
