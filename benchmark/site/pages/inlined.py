"""Scripts and styles that a page holds in full, and the policy that lets no others run."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import fields
from functools import cache
from pathlib import Path

from markupsafe import Markup

from benchmark.site.figures.theme import DARK, LIGHT, Colours

_SITE = Path(__file__).parents[1]
_STYLES = ('vendor/uPlot.min.css', 'assets/page.css', 'assets/tables.css', 'assets/controls.css', 'assets/print.css')


def policy(scripts: Sequence[str]) -> str:
    """Content security policy: nothing is loaded, and no script runs but these.

    See W3C, Content Security Policy Level 3, section 2.3.1, on hashes of inline scripts.
    """
    hashes = [base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in scripts]
    allowed = ' '.join(f"'sha256-{each}'" for each in hashes)
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src {allowed}"


@cache
def script(path: str) -> Markup:
    """Text of a script, written so that the page's parser sees neither a tag nor a comment in it.

    In strings and regular expressions, the only places where scripts hold these, '\\x3C' means '<'.
    """
    return Markup(re.sub(r'<(?=!--|/?script)', r'\\x3C', (_SITE / path).read_text(encoding='utf-8')))


@cache
def style() -> Markup:
    """Rules of every page, with the colours of the figures."""
    colours = _variables(LIGHT), _variables(DARK)
    theme = (
        f':root {{ {colours[0]} }}\n'
        f'@media screen {{ :root[data-theme=dark] {{ {colours[1]} }} }}\n'
        f'@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {colours[1]} }} }}\n'
        f'@media print {{ .figure {{ {_figure_variables(LIGHT)} }} }}\n'
    )
    return Markup(theme + '\n'.join((_SITE / path).read_text(encoding='utf-8') for path in _STYLES))


def _variables(colours: Colours) -> str:
    """Colours of the interactive curves."""
    return ' '.join(f'--series-{number}: {colour};' for number, colour in enumerate(colours.series, 1))


def _figure_variables(colours: Colours) -> str:
    """Colours of drawn figures, whatever the figures themselves say."""
    named = {field.name: getattr(colours, field.name) for field in fields(colours) if field.name != 'series'}
    named |= {f'series-{number}': colour for number, colour in enumerate(colours.series, 1)}
    return ' '.join(f'--figure-{name}: {colour} !important;' for name, colour in named.items())
