"""What pages share: style and scripts as files beside them, and the policy that lets no other script run."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from dataclasses import fields
from functools import cache
from pathlib import Path

from markupsafe import Markup

from benchmark.site.figures.style import DARK, FIGURE_RULES, LIGHT, Colours

_SITE = Path(__file__).parents[1]
STYLE = 'assets/page.css'
_STYLES = ('vendor/uPlot.min.css', 'assets/page.css', 'assets/tables.css', 'assets/controls.css', 'assets/print.css')
# By the file that pages load: the sources that it is made of. Each needs those before it.
SCRIPTS = {
    'assets/page.js': ('assets/theme.js', 'assets/folding.js'),
    'assets/curves.js': (
        *('vendor/uPlot.iife.min.js', 'assets/image-errors.js', 'assets/curve-chart.js'),
        'assets/error-curves.js',
    ),
    'assets/board.js': ('vendor/dataTables.min.js', 'vendor/dataTables.buttons.min.js', 'assets/board.js'),
}


def asset_files() -> dict[str, str]:
    """Text of every file that pages load, by its path relative to their folder."""
    return {STYLE: _style(), **{path: _script(path) for path in SCRIPTS}}


def scripts_with_hashes(paths: Iterable[str]) -> list[tuple[str, str]]:
    """Files of :data:`SCRIPTS` with what they have to be, as the attribute ``integrity`` says it.

    See W3C, Subresource Integrity, section 3.5.
    """
    return [(path, f'sha384-{_base64(hashlib.sha384(_script(path).encode()))}') for path in paths]


def policy() -> str:
    """Content security policy: what lies beside the page is loaded, and no script runs in it but the two below.

    See W3C, Content Security Policy Level 3, section 2.3.1, on hashes of inline scripts.
    """
    hashes = ' '.join(f"'sha256-{_base64(hashlib.sha256(text.encode()))}'" for text in (head_script(), loader()))
    return f"default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; script-src 'self' {hashes}"


@cache
def head_script() -> Markup:
    """What runs before a page is drawn."""
    return _on_one_line('assets/head.js')


@cache
def loader() -> Markup:
    """What loads the other scripts.

    They are checked by their hashes wherever a browser can do that; Chromium blocks scripts with a hash that lie on
    disk instead of checking them.
    """
    return _on_one_line('assets/loader.js')


@cache
def _script(path: str) -> str:
    return '\n;\n'.join(map(_read, SCRIPTS[path]))


@cache
def _style() -> str:
    """Rules of every page, with the colours of the figures."""
    colours = _variables(LIGHT), _variables(DARK)
    theme = (
        f':root {{ {colours[0]} }}\n'
        f'@media screen {{ :root[data-theme=dark] {{ {colours[1]} }} }}\n'
        f'@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) {{ {colours[1]} }} }}\n'
        f'@media print {{ .figure {{ {_figure_variables(LIGHT)} }} }}\n'
    )
    return '\n'.join((theme + FIGURE_RULES, *map(_read, _STYLES)))


def _variables(colours: Colours) -> str:
    """Colours of the interactive curves."""
    return ' '.join(f'--series-{number}: {colour};' for number, colour in enumerate(colours.series, 1))


def _figure_variables(colours: Colours) -> str:
    """Colours of drawn figures, whatever the figures themselves say."""
    named = {field.name: getattr(colours, field.name) for field in fields(colours) if field.name != 'series'}
    named |= {f'series-{number}': colour for number, colour in enumerate(colours.series, 1)}
    return ' '.join(f'--figure-{name}: {colour} !important;' for name, colour in named.items())


def _on_one_line(path: str) -> Markup:
    lines = (line.strip() for line in _read(path).splitlines())
    return Markup(' '.join(line for line in lines if not line.startswith('//')))


def _read(path: str) -> str:
    return (_SITE / path).read_text(encoding='utf-8')


def _base64(digest: hashlib._Hash) -> str:
    return base64.b64encode(digest.digest()).decode()
