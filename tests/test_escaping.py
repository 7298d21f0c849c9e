from __future__ import annotations

import re
import string
import unicodedata

import pytest

from benchmark.escaping import escape_latex, escape_markdown, escape_spreadsheet, one_line


@pytest.mark.parametrize(
    ('text', 'escaped'),
    [
        ('a|b\n\n# <i>*c*', r'a\|b \# &lt;i&gt;\*c\*'),
        ('$x$ & `y`', r'\$x\$ &amp; \`y\`'),
        ('- item', r'\- item'),
        ('1. item', r'1\. item'),
        ('12) item', r'12\) item'),
        ('3.62', '3.62'),
        ('+0.3', '+0.3'),
    ],
)
def test_markdown_shows_text_on_one_line_and_in_one_cell(text, escaped):
    assert escape_markdown(text) == escaped


def test_markdown_that_is_escaped_already_stays(factory):
    assert escape_markdown(escape_markdown('a_b')) == r'a\_b'


@pytest.mark.parametrize(
    ('text', 'escaped'),
    [
        ('50 % of $5 & #1_a', r'50 \% of \$5 \& \#1\_a'),
        ('\\input{x}', r'\textbackslash{}input\{x\}'),
        ('a^b~c<d>e|f', r'a\textasciicircum{}b\textasciitilde{}c\textless{}d\textgreater{}e\textbar{}f'),
        ('3.53 \u00b1 0.02', r'3.53 $\pm$ 0.02'),
        ('\u22120.10 [\u22120.12, \u22120.07]', r'$-$0.10 {[}$-$0.12, $-$0.07{]}'),
        ('128 \u00d7 128', r'128 $\times$ 128'),
        ('\u0394NME', r'$\Delta$NME'),
        ('Doll\u00e1r, \u010cech, \u00f8, \u00df', r'Doll\'{a}r, \v{C}ech, \o{}, \ss{}'),
        ('a--b---c', r'a-{}-b-{}-{}-c'),
        ("it''s,,", "it'{}'s,{},"),
        ('\u4e2d \U0001f600', r'\texttt{U+4E2D} \texttt{U+1F600}'),
        ('\\begin{x}\n\n\\end', r'\textbackslash{}begin\{x\} \textbackslash{}end'),
    ],
)
def test_latex_sets_text_as_it_is_written(text, escaped):
    assert escape_latex(text) == escaped


def test_no_character_is_left_that_latex_acts_on():
    everything = string.printable + ''.join(map(chr, range(0xA0, 0x3000)))
    escaped = escape_latex(everything)
    assert escaped.isascii()
    # What remains after the commands, the math signs and the escaped signs must be plain text.
    rest = re.sub(r'\\[a-zA-Z]+\{\}|\\char\d+\{\}|\$(-|\^\\circ|\\[a-zA-Z]+)\$|\\[{}$&#%_]', '', escaped)
    rest = re.sub(r'\\(texttt\{U\+[0-9A-F]{4,6}\}|[`\'^~=u."rHvc]\{[A-Za-z]\})|\{[][*]\}|\{\}', '', rest)
    assert not set(rest) & set('\\{}$&#%_^~<>|"`[]*')


def test_accents_are_those_of_the_letter():
    for letter in '\u00e0\u00e9\u00ee\u00f1\u00fc\u00e5\u00e7\u0159\u0171\u0101\u017c\u0103':
        command = re.fullmatch(r'\\(.)\{([a-z])\}', escape_latex(letter))
        assert command[2] == unicodedata.normalize('NFD', letter)[0]


@pytest.mark.parametrize('start', ['=', '+', '-', '@'])
def test_spreadsheet_reads_no_formula(start):
    assert escape_spreadsheet(f'{start}1') == f"'{start}1"
    assert escape_spreadsheet(f'\t{start}1') == f"'{start}1"
    assert escape_spreadsheet(f'a{start}1') == f'a{start}1'


def test_one_line_has_no_control_character():
    assert one_line('a\x00b\u2028c\r\nd\te') == 'a b c d e'
