"""Characters that a terminal cannot show: spelled with those that it has, so that no result is lost to an encoding."""

from __future__ import annotations

import codecs
import sys

NAME = 'spelled'
_SPELLED = {
    '\u0394': 'd',
    '\u2212': '-',
    '\u2013': '-',
    '\u00b1': '+-',
    '\u00d7': 'x',
    '\u2026': '...',
    '\u2020': '+',
    '\u2190': '<-',
    '\u2192': '->',
}


def spell_what_is_lacking() -> None:
    """Let standard output and error take any text, whatever their encoding, as set by locale or PYTHONIOENCODING.

    Streams that somebody has told to do something else with such characters, as to replace them, go on to do so.
    """
    codecs.register_error(NAME, _spell)
    for stream in (sys.stdout, sys.stderr):
        if getattr(stream, 'errors', None) in ('strict', 'backslashreplace'):
            stream.reconfigure(errors=NAME)


def _spell(error: UnicodeError) -> tuple[str, int]:
    """Signs of the tables by their likes, anything else by its code, as Python writes it."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    # The blank goes, so that columns stay as wide as they are.
    after = error.end + (lacking == '\u00b1' and error.object[error.end : error.end + 1] == ' ')
    return ''.join(_SPELLED.get(one) or one.encode('ascii', 'backslashreplace').decode() for one in lacking), after
