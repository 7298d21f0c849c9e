"""Views of a reports folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.board import page_links
from benchmark.site.pages.benchmark_view import BenchmarkView


@pytest.fixture(scope='session')
def hostile() -> str:
    """A name with everything that some format reads as more than text."""
    return '=x|*_%$&#{}~^\\"`[]<b> --, \u4e2d\u00e9'


@pytest.fixture(scope='session')
def read_views() -> Callable[[Path], dict[str, BenchmarkView]]:
    """What the pages of a reports folder show, by the benchmark's name."""

    def read(reports: Path) -> dict[str, BenchmarkView]:
        store = Store()
        sections = make_sections(read_runs([reports], store))
        links = page_links(sections)
        return {section.benchmark.name: BenchmarkView(Analysis(section, store), links) for section in sections}

    return read


@pytest.fixture(scope='session')
def filled_views(filled, read_views) -> dict[str, BenchmarkView]:
    return read_views(filled)


@pytest.fixture
def view(factory, read_views) -> Callable[[], BenchmarkView]:
    """The only benchmark of the factory's folder as its records are when this is called."""

    def read() -> BenchmarkView:
        (found,) = read_views(factory.reports).values()
        return found

    return read
