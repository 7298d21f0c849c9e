"""What every number means, as a page and as text: python -m benchmark.site.definitions > docs/definitions.md."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup

from benchmark.analysis.intervals import RESAMPLES
from benchmark.analysis.replication import LEAST_OF_ROW
from benchmark.analysis.rows import BASELINE_LOSS
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.protocol.differences import LEAST_SEEDS
from benchmark.protocol.face_boxes import BOX_KINDS, SCALES, SHIFTS
from benchmark.protocol.power import deviation_factors
from benchmark.protocol.statistics import LEAST_IMAGES
from benchmark.site.pages.payload import QUANTUM

_SEEDS = (2, 3, 4, 5, 6, 10)


@cache
def definitions_text() -> str:
    """The definitions as Markdown, with the numbers that the code works with."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).with_name('templates')),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template('definitions.md.j2').render(
        benchmarks=[benchmark for benchmark in BENCHMARKS.values() if not benchmark.synthetic],
        points=_points,
        box_kinds=BOX_KINDS.values(),
        scales=_listed(SCALES),
        shifts=_listed(SHIFTS[1:]),
        subsets=_subsets,
        resamples=RESAMPLES,
        seeds=_SEEDS,
        baseline=BASELINE_LOSS,
        least_images=LEAST_IMAGES,
        least_seeds=LEAST_SEEDS,
        least_of_row=LEAST_OF_ROW,
        factors=deviation_factors(2),
        quantum=QUANTUM,
    )


def definitions_html() -> Markup:
    """The same as HTML; each heading has an id made of its words."""
    markdown = MarkdownIt('commonmark', {'html': False}).enable('table')
    # What marks the tables for tests is no text.
    tokens = markdown.parse(re.sub(r'^<!--.*-->\n', '', definitions_text(), flags=re.MULTILINE))
    for heading, content in pairwise(tokens):
        if heading.type == 'heading_open':
            heading.attrSet('id', re.sub(r'[^a-z0-9]+', '-', content.content.lower()).strip('-'))
    html = markdown.renderer.render(tokens, markdown.options, {})
    frame = '<div class="scroll" role="region" aria-label="Table" tabindex="0"><table>'
    return Markup(html.replace('<table>', frame).replace('</table>', '</table></div>'))


def _points(sides: Sequence[Sequence[int]]) -> str:
    """'8, 9', or 'means of 36..41 and of 42..47'."""
    if all(len(side) == 1 for side in sides):
        return ', '.join(str(side[0]) for side in sides)
    return 'means of ' + ' and of '.join(f'{side[0]}..{side[-1]}' for side in sides)


def _listed(numbers: Sequence[float]) -> str:
    """'0.1, 0.2 or 0.3'."""
    *others, last = (f'{number:g}' for number in numbers)
    return f'{", ".join(others)} or {last}'


def _subsets(benchmark: Benchmark) -> str:
    sizes = [f'{name} {size}' for name, size in benchmark.subset_sizes.items() if name != 'full']
    return ', '.join(sizes) or 'full'


if __name__ == '__main__':
    print(definitions_text(), end='')
