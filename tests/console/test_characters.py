from __future__ import annotations

import io
import sys

import pytest

from benchmark.console.characters import NAME, spell_what_is_lacking


@pytest.fixture
def write(monkeypatch):
    """Writes a text to standard output of an encoding; returns what a terminal of that encoding shows."""

    def write(text, encoding, errors='strict'):
        stream = io.TextIOWrapper(io.BytesIO(), encoding, errors)
        monkeypatch.setattr(sys, 'stdout', stream)
        spell_what_is_lacking()
        print(text, end='', flush=True)
        return stream.buffer.getvalue().decode(encoding)

    return write


def test_signs_that_an_encoding_lacks_are_spelled(write):
    assert write('ΔNME \u22120.12 ± 0.03, 64\u00d764', 'ascii') == 'dNME -0.12 +-0.03, 64x64'


def test_columns_stay_as_wide_as_they_are(write):
    line = '5.74 ± 0.08  6.53 ± 0.31  [\u22120.30, +0.06]  \u2013'
    assert len(write(line, 'ascii')) == len(line)


def test_signs_that_an_encoding_has_stay(write):
    assert write('Δ ± 0.03, 64\u00d764', 'latin-1') == 'd ± 0.03, 64\u00d764'
    assert write('Δ ± 0.03, 64\u00d764', 'utf-8') == 'Δ ± 0.03, 64\u00d764'


@pytest.mark.parametrize(
    ('text', 'encoding', 'shown'),
    [('图.json', 'ascii', '\\u56fe.json'), ('bad\udcff.json', 'utf-8', 'bad\\udcff.json'), ('é', 'ascii', '\\xe9')],
)
def test_any_other_character_is_written_as_its_code(write, text, encoding, shown):
    assert write(text, encoding) == shown


def test_stream_that_was_told_what_to_do_does_it(write):
    assert write('Δ', 'ascii', 'replace') == '?'


def test_stream_that_is_closed_or_none_is_left_alone(monkeypatch):
    monkeypatch.setattr(sys, 'stdout', None)
    monkeypatch.setattr(sys, 'stderr', io.TextIOWrapper(io.BytesIO(), 'ascii'))
    spell_what_is_lacking()
    assert sys.stdout is None and sys.stderr.errors == NAME
