"""What the page of errata shows: known mistakes of the published annotations, and what they do to the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from benchmark.analysis.difference import signed
from benchmark.analysis.errata import REASONS, Effect, Exchange, effects, exchanges
from benchmark.analysis.rows import Row
from benchmark.analysis.sections import Section
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.protocol.errata import (
    ACROSS,
    LEAST_BELOW,
    LEAST_SHORTER,
    LOOKED_THROUGH,
    WAYS,
    WRONG,
    Erratum,
    Faces,
    Place,
    read_errata,
)
from benchmark.site.tables import NONE, Cell, Column, Line, Table

_LABELS = {
    'kind': 'Kind',
    'landmarks': 'Landmarks',
    'twin': 'The same face',
    'remark': 'To be seen',
    'found': 'Found by',
    'verdict': 'By eye',
}


@dataclass(frozen=True, eq=False)
class ErrataPart:
    """The errata of a benchmark.

    Attributes:
        benchmark: the benchmark.
        section: its rows; None where it has no record.
        links: page of every row, relative to the folder of the pages.
    """

    benchmark: Benchmark
    section: Section | None
    links: Mapping[Row, str]

    @property
    def looked_through(self) -> Faces:
        """Numbers of faces that were looked through."""
        return LOOKED_THROUGH[self.benchmark.name]

    @property
    def published(self) -> Faces:
        """Numbers of faces that the benchmark has."""
        return Faces(self.benchmark.train_size, self.benchmark.subset_sizes['full'])

    def count(self, *kinds: str, split: str | None = None) -> int:
        """Number of faces with a confirmed mistake of some kinds."""
        found = self._confirmed(*kinds)
        return len({one.place for one in found if split in (None, one.place.split)})

    def unconfirmed(self, verdict: str) -> int:
        """Number of lines with another verdict than that a mistake is to be seen."""
        return sum(one.verdict == verdict for one in self._errata)

    @property
    def wrong(self) -> Table | None:
        """Wrong annotations; None without any."""
        return self._table('wrong annotations', self._confirmed(*WRONG), 'kind', 'landmarks', 'remark', 'found')

    @property
    def across(self) -> Table | None:
        """Test faces that are training faces as well; None without any."""
        return self._table('test faces that are training faces too', self._confirmed(ACROSS), 'twin')

    @property
    def repeated(self) -> Table | None:
        """Faces that occur twice in a split; None without any."""
        found = self._confirmed('duplicate', 'repeated-annotation')
        return self._table('faces that occur twice in a split', found, 'kind', 'twin')

    @property
    def others(self) -> Table | None:
        """What was looked at and not confirmed; None without any."""
        found = [one for one in self._errata if not one.confirmed]
        return self._table('looked at and not confirmed', found, 'kind', 'landmarks', 'twin', 'verdict', 'remark')

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What leaving images out does to every row with a result.

        Raises:
            BenchmarkError: a predictions file has become unreadable.
        """
        return tuple(effects(self.section)) if self.section else ()

    @property
    def has_result(self) -> bool:
        """Whether any row has a result."""
        return bool(self.section) and any(row.done for row in self.section.rows)

    @cached_property
    def effects_table(self) -> Table | None:
        """The same as a table, a group of lines for each row; None where no row has such an image."""
        if not self.effects:
            return None
        columns = [Column('Loss', numeric=False), Column('Subset', numeric=False), Column('NME, all images')]
        for name in REASONS.values():
            columns += [Column(label, f'Without {name}') for label in ('left out', 'NME', 'difference')]
        columns.append(Column('Network', numeric=False))  # on a phone the first columns are all that is seen
        caption = f'{self.benchmark.title}: NME, {self.benchmark.headline_normalizer}, percent'
        return Table(caption, tuple(columns), tuple(tuple(map(_effect_line, body)) for body in self._bodies))

    @property
    def effects_pages(self) -> tuple[tuple[str, ...], ...]:
        """The page of each line of :attr:`effects_table`."""
        return tuple(tuple(self.links[one.row] for one in body) for body in self._bodies)

    @property
    def largest(self) -> Mapping[str, Effect]:
        """By the reason, the row and subset that leaving images out changes most; only reasons that have any."""
        found = {}
        for reason in REASONS:
            changed = [one for one in self.effects if one.without.get(reason) and one.without[reason].nme is not None]
            if changed:
                found[reason] = max(changed, key=lambda one: abs(one.without[reason].nme - one.nme))
        return found

    @cached_property
    def order(self) -> tuple[list[Exchange], int]:
        """Rows that change places, and how many pairs were compared."""
        return exchanges(self.effects)

    @property
    def changes(self) -> list[str]:
        """A sentence on each reason's largest change."""
        return [_change(reason, one) for reason, one in self.largest.items()]

    @property
    def moved(self) -> list[str]:
        """A sentence on each pair of rows that change places."""
        return [_moved(one) for one in self.order[0]]

    @cached_property
    def _errata(self) -> tuple[Erratum, ...]:
        return read_errata(self.benchmark.name)

    def _confirmed(self, *kinds: str) -> list[Erratum]:
        return [one for one in self._errata if one.confirmed and one.kind in kinds]

    @property
    def _bodies(self) -> list[list[Effect]]:
        rows = dict.fromkeys(one.row for one in self.effects)
        return [[one for one in self.effects if one.row is row] for row in rows]

    def _table(self, caption: str, found: Sequence[Erratum], *fields: str) -> Table | None:
        if not found:
            return None
        heads = [Column(label, numeric=False) for label in ('Image', 'Split', *(_LABELS[name] for name in fields))]
        lines = tuple(Line(tuple(_cells(one, fields))) for one in found)
        return Table(f'{self.benchmark.title}: {caption}', tuple(heads), (lines,))


@dataclass(frozen=True, eq=False)
class ErrataView:
    """Everything that the page shows.

    Attributes:
        parts: benchmarks whose faces were looked through.
        ways: how mistakes were found, by the word that tables have for it.
        least_below: see :data:`~benchmark.protocol.errata.LEAST_BELOW`.
        least_shorter: see :data:`~benchmark.protocol.errata.LEAST_SHORTER`.
    """

    parts: tuple[ErrataPart, ...]
    ways: Mapping[str, str]
    least_below: float = LEAST_BELOW
    least_shorter: float = LEAST_SHORTER


def errata_view(sections: Sequence[Section], links: Mapping[Row, str]) -> ErrataView:
    """Collect what the page shows.

    Args:
        sections: the benchmarks that have a record.
        links: page of every row, relative to the folder of the pages.
    """
    present = {section.benchmark.name: section for section in sections}
    parts = [ErrataPart(BENCHMARKS[name], present.get(name), links) for name in LOOKED_THROUGH]
    return ErrataView(tuple(parts), WAYS)


def _cells(erratum: Erratum, fields: Sequence[str]) -> list[Cell]:
    texts = {
        'kind': erratum.kind,
        'landmarks': _landmarks(erratum.landmarks) if erratum.landmarks else NONE,
        'twin': _place(erratum.twin, erratum.place) if erratum.twin else NONE,
        'remark': erratum.remark,
        'found': erratum.found,
        'verdict': erratum.verdict,
    }
    return [Cell(_place(erratum.place)), Cell(erratum.place.split), *(Cell(texts[name]) for name in fields)]


def _landmarks(indices: Sequence[int]) -> str:
    first, last = indices[0], indices[-1]
    in_a_row = last - first > 1 and list(indices) == list(range(first, last + 1))
    return f'{first} to {last}' if in_a_row else ', '.join(map(str, indices))


def _place(place: Place, beside: Place | None = None) -> str:
    """Name of a face; beside another face, of another split its own split, of the same image its line alone."""
    line = f'line {place.face}' if place.face and place.split == 'train' else place.face
    if beside and beside[:2] == place[:2]:
        return f'{line} of the same image'
    name = f'{place.image} ({line})' if line else place.image
    return f'{place.split}: {name}' if beside and beside.split != place.split else name


def _effect_line(effect: Effect) -> Line:
    cells = [
        Cell(effect.row.loss, 'partial' if effect.row.missing_data else ''),
        Cell(effect.subset),
        Cell(f'{effect.nme:.2f}'),
    ]
    for reason in REASONS:
        without = effect.without.get(reason)
        if without is None:
            cells += [Cell(), Cell(), Cell()]
        elif without.nme is None:
            cells += [Cell(str(without.images)), Cell(), Cell()]
        else:
            difference = signed(without.nme - effect.nme, 3)
            cells += [Cell(str(without.images)), Cell(f'{without.nme:.2f}'), Cell(difference)]
    return Line((*cells, Cell(effect.row.network)))


def _change(reason: str, effect: Effect) -> str:
    without = effect.without[reason]
    return (
        f'Without {REASONS[reason]} NME changes most for {effect.row.loss}, {effect.row.network}, on {effect.subset}: '
        f'by {signed(without.nme - effect.nme, 3)} percentage points ({without.images} left out).'
    )


def _moved(exchange: Exchange) -> str:
    first, second, reason = exchange.first, exchange.second, exchange.reason
    names = [f'{one.row.loss}, {one.row.network}' for one in (first, second)]
    values = [f'{one.nme:.2f} and {one.without[reason].nme:.2f}' for one in (first, second)]
    return f'{first.subset}, without {REASONS[reason]}: {names[0]} ({values[0]}) and {names[1]} ({values[1]})'
