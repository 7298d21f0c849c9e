"""The page and its Markdown twin: templates filled with the tables of every section."""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.site.comparison import Difference, star_differences
from benchmark.site.figures import error_curves
from benchmark.site.provenance import provenance_table
from benchmark.site.published import literature_table, reproduction_table, violations
from benchmark.site.rankings import accuracy_table, ambiguity_table, cost_table, normalizers
from benchmark.site.rows import Section
from benchmark.site.tables import Table

_TEMPLATES = Path(__file__).with_name('templates')


@dataclass(frozen=True)
class SectionView:
    """Everything that a page shows of one benchmark.

    Attributes:
        benchmark: the benchmark.
        lacks_data: whether a row has no result because nothing is prepared.
        differences: STAR against every other loss of its recipe, headline normalizer.
        accuracy: one table per normalizer, the headline one first; that one alone where no row has a result.
        figure: cumulative error curves as SVG text, None where no row has a result.
        figure_path: where the figure's own file lies, relative to the reports folder.
        ambiguity: agreement of the heatmaps' axes, synthetic benchmarks only.
        reproduction: published figures of STAR beside the reproduced ones, real benchmarks only.
        literature: all published figures, real benchmarks only.
        violations: published figures that contradict each other.
        cost: training time, device, precision; None where no row has a result.
        provenance: one table for each row with a result.
        waiting: one for each row without.
    """

    benchmark: Benchmark
    lacks_data: bool
    differences: tuple[Difference, ...]
    accuracy: tuple[Table, ...]
    figure: str | None
    figure_path: str
    ambiguity: Table | None
    reproduction: Table | None
    literature: Table | None
    violations: tuple[str, ...]
    cost: Table | None
    provenance: tuple[Table, ...]
    waiting: tuple[Table, ...]


def view(section: Section) -> SectionView:
    """Compute what the pages show of a section.

    Raises:
        BenchmarkError: runs that should be paired were tested on different images.
    """
    benchmark = section.benchmark
    has_result = any(row.done for row in section.rows)
    shown = normalizers(section) if has_result else normalizers(section)[:1]
    differences = [found for recipe in section.recipes for found in star_differences(recipe, normalizers(section)[0])]
    return SectionView(
        benchmark,
        any(row.status == 'no-data' for row in section.rows),
        tuple(differences),
        tuple(accuracy_table(section, normalizer) for normalizer in shown),
        error_curves(section),
        f'figures/ced-{benchmark.name}.svg',
        ambiguity_table(section) if benchmark.synthetic else None,
        None if benchmark.synthetic else reproduction_table(section),
        None if benchmark.synthetic else literature_table(section),
        () if benchmark.synthetic else tuple(violations(section)),
        cost_table(section) if has_result else None,
        tuple(provenance_table(row) for row in section.rows if row.done),
        tuple(provenance_table(row) for row in section.rows if not row.done),
    )


def render_html(views: Sequence[SectionView]) -> str:
    """The page as one self-contained HTML document."""
    environment = _environment()
    environment.filters['svg'] = Markup
    return environment.get_template('index.html.j2').render(_context(views))


def render_markdown(views: Sequence[SectionView]) -> str:
    """The same content as Markdown, with the figures as relative links."""
    environment = _environment(finalize=escape_markdown)
    return re.sub(r'\n{3,}', '\n\n', environment.get_template('README.md.j2').render(_context(views)))


def escape_markdown(value: object) -> Markup:
    """Text that Markdown, also inside a table, shows as it is written.

    >>> escape_markdown('a|b <i>')
    Markup('a\\\\|b &lt;i&gt;')
    """
    if isinstance(value, Markup):
        return value
    text = html.escape(' '.join(str(value).split()), quote=False)
    return Markup(re.sub(r'([\\`*_\[\]|~#])', r'\\\1', text))


def _environment(**options: object) -> Environment:
    return Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        **options,
    )


def _context(views: Sequence[SectionView]) -> dict:
    shown = {found.benchmark.name for found in views}
    return {
        'real': [found for found in views if not found.benchmark.synthetic],
        'synthetic': [found for found in views if found.benchmark.synthetic],
        'absent': [benchmark for benchmark in BENCHMARKS.values() if benchmark.name not in shown],
    }
