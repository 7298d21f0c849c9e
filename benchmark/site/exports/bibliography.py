"""BibTeX entries of what a paper cites that uses the leaderboards."""

from __future__ import annotations

from pathlib import Path

from benchmark import __version__

_FILE = Path(__file__).parents[1] / 'templates' / 'references.bib'


def bibliography() -> str:
    """This benchmark in its present version, STAR loss, the datasets, and methods of the literature tables."""
    return _FILE.read_text(encoding='utf-8').replace('VERSION', __version__)
