"""Text of records, as it is written, in Markdown, LaTeX and spreadsheets: whatever a name holds, it stays text."""

from __future__ import annotations

import html
import re
import unicodedata

from markupsafe import Markup

_LATEX = {
    '\\': r'\textbackslash{}',
    '~': r'\textasciitilde{}',
    '^': r'\textasciicircum{}',
    '<': r'\textless{}',
    '>': r'\textgreater{}',
    '|': r'\textbar{}',
    # By their codes, because packages for languages make the quotation mark active, and two of them are a ligature.
    '"': r'\char34{}',
    '`': r'\char96{}',
    **{character: f'\\{character}' for character in '{}$&#%_'},
    # After the end of a line of a table, these would be read as its arguments.
    **{character: f'{{{character}}}' for character in '[]*'},
    '\u00d7': r'$\times$',
    '\u00b1': r'$\pm$',
    '\u00b0': r'$^\circ$',
    '\u2212': '$-$',
    '\u2013': r'\textendash{}',
    '\u2014': r'\textemdash{}',
    '\u2018': r'\textquoteleft{}',
    '\u2019': r'\textquoteright{}',
    '\u201c': r'\textquotedblleft{}',
    '\u201d': r'\textquotedblright{}',
    '\u2026': r'\ldots{}',
    '\u0131': r'\i{}',
    '\u00df': r'\ss{}',
    **{
        letter: rf'\{name}{{}}'
        for letter, name in zip('æÆøØłŁœŒ', ('ae', 'AE', 'o', 'O', 'l', 'L', 'oe', 'OE'), strict=True)
    },
    **{
        letter: rf'$\{name}$'
        for letter, name in zip(
            'αβγδεζηθλμνξπρστφχψωΓΔΘΛΞΠΣΦΨΩ',
            (
                *('alpha', 'beta', 'gamma', 'delta', 'varepsilon', 'zeta', 'eta', 'theta', 'lambda', 'mu', 'nu', 'xi'),
                *('pi', 'rho', 'sigma', 'tau', 'varphi', 'chi', 'psi', 'omega'),
                *('Gamma', 'Delta', 'Theta', 'Lambda', 'Xi', 'Pi', 'Sigma', 'Phi', 'Psi', 'Omega'),
            ),
            strict=True,
        )
    },
}
_ACCENTS = {
    '\u0300': '`',
    '\u0301': "'",
    '\u0302': '^',
    '\u0303': '~',
    '\u0304': '=',
    '\u0306': 'u',
    '\u0307': '.',
    '\u0308': '"',
    '\u030a': 'r',
    '\u030b': 'H',
    '\u030c': 'v',
    '\u0327': 'c',
}
_FORMULA = ('=', '+', '-', '@')


def one_line(text: str) -> str:
    """Text on one line: every run of white space and control characters is a blank."""
    return ' '.join(''.join(' ' if unicodedata.category(one) == 'Cc' else one for one in str(text)).split())


def escape_markdown(value: object) -> Markup:
    """Text that Markdown, also inside a table, shows as it is written.

    >>> escape_markdown('a|b <i>')
    Markup('a\\\\|b &lt;i&gt;')
    """
    if isinstance(value, Markup):
        return value
    text = re.sub(r'([\\`*_\[\]|~#$])', r'\\\1', html.escape(one_line(value), quote=False))
    # What would begin a list.
    return Markup(re.sub(r'^([-+]|[0-9]+(?=[.)]))(?=[.)]?( |$))', _escape_list, text))


def _escape_list(start: re.Match) -> str:
    return f'\\{start[0]}' if start[0] in '-+' else f'{start[0]}\\'


def escape_latex(text: str) -> str:
    r"""Text that LaTeX sets as it is written, in ASCII, with no package needed.

    Letters with accents become their commands. Other characters that no command is known for are set as their code,
    e.g. ``\texttt{U+4E2D}``, because LaTeX stops at those that its fonts lack.

    >>> escape_latex('100 % smooth_L1')
    '100 \\% smooth\\_L1'
    """
    # Two of these in a row would be set as one sign.
    return re.sub(r"([-',])(?=\1)", r'\1{}', ''.join(map(_latex_character, one_line(text))))


def _latex_character(character: str) -> str:
    if character in _LATEX:
        return _LATEX[character]
    if ' ' <= character <= '~':
        return character
    base, *marks = unicodedata.normalize('NFD', character)
    if len(marks) == 1 and marks[0] in _ACCENTS and base.isascii() and base.isalpha():
        return f'\\{_ACCENTS[marks[0]]}{{{base}}}'
    return rf'\texttt{{U+{ord(character):04X}}}'


def escape_spreadsheet(text: str) -> str:
    """Text that no spreadsheet runs as a formula: an apostrophe stands before a leading =, +, - or @.

    >>> escape_spreadsheet('=1+1')
    "'=1+1"
    """
    line = one_line(text)
    return f"'{line}" if line.startswith(_FORMULA) else line
