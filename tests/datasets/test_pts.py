from __future__ import annotations

import random

import numpy as np
import pytest

from benchmark.datasets.pts import parse_pts

K = 68
POINTS = np.random.default_rng(0).uniform(1, 300, (K, 2)).round(4)
LINES = [f'{x:.4f} {y:.4f}' for x, y in POINTS]
HEADER = ['version: 1', 'n_points: 68', '{']
NO_HEADER = "is no header (version: 1, then n_points: 68, then '{')"
GOOD = '\n'.join([*HEADER, *LINES, '}', ''])


def test_one_is_subtracted_once():
    np.testing.assert_array_equal(parse_pts(GOOD.encode(), K), POINTS - 1)


@pytest.mark.parametrize(
    'text',
    [
        GOOD.replace('\n', '\r\n'),
        GOOD.replace('\n', '\r'),
        GOOD.replace('\n', '\n\n'),
        GOOD.rstrip('\n'),
        '\n'.join(LINES),
        '\n'.join(['{', *LINES, '}']),
        '\n'.join(['n_points: 68', '{', *LINES, '}']),
        '\n'.join(['version: 1', '{', *LINES, '}']),
        GOOD.replace('version: 1', 'version:1').replace('n_points: 68', 'n_points:  68 '),
        GOOD.replace(' ', '\t').replace('\n', '  \n  '),
        '\ufeff' + GOOD,
        GOOD + '\x1a',
        GOOD.replace('\n', '\r\n') + '\x1a\x1a\r\n',
        GOOD.replace('version', 'Version').replace('n_points', 'N_Points'),
        GOOD.replace('68\n{', '68 {'),
        GOOD.replace('{\n', '{').replace('\n}', ' }'),
    ],
)
def test_harmless_variants_give_the_same_landmarks(text):
    np.testing.assert_array_equal(parse_pts(text.encode(), K), POINTS - 1)


def test_negative_and_far_coordinates_are_kept():
    text = GOOD.replace(LINES[0], '-12.5 0').replace(LINES[1], '1e3 +4.')
    np.testing.assert_array_equal(parse_pts(text.encode(), K)[:2], [[-13.5, -1.0], [999.0, 3.0]])


@pytest.mark.parametrize(
    ('text', 'message'),
    [
        ('', 'the file is empty'),
        ('\n \r\n', 'the file is empty'),
        (GOOD.replace(LINES[30] + '\n', ''), '67 points, expected 68'),
        (GOOD.replace(LINES[30], LINES[30] + '\n1 2'), '69 points, expected 68'),
        ('\n'.join(LINES[:-1]), '67 points, expected 68'),
        (GOOD.replace('n_points: 68', 'n_points: 29'), '68 points, expected 29'),
        (GOOD.replace(LINES[4], 'left 3.0'), "line 8: 'left' is not a number"),
        (GOOD.replace(LINES[4], '1,5 3.0'), "line 8: '1,5' is not a number"),
        (GOOD.replace(LINES[4], '1_5 3.0'), "line 8: '1_5' is not a number"),
        (GOOD.replace(LINES[4], '0x1 3.0'), "line 8: '0x1' is not a number"),
        (GOOD.replace(LINES[4], 'nan 3.0'), "line 8: 'nan' is not a finite number"),
        (GOOD.replace(LINES[4], '3.0 -inf'), "line 8: '-inf' is not a finite number"),
        (GOOD.replace(LINES[4], '3.0 1e999'), "line 8: '1e999' is not a finite number"),
        (GOOD.replace(LINES[4], '3.0'), 'line 8: 1 numbers, expected x and y'),
        (GOOD.replace(LINES[4], '3.0 4.0 5.0'), 'line 8: 3 numbers, expected x and y'),
        (GOOD.replace('}', ''), "no '}' at the end, the file is cut short"),
        (GOOD.replace('{', ''), "'}' at the end, but no '{' before the points"),
        ('\n'.join([*HEADER[:2], *LINES]), "no '{' after n_points"),
        (GOOD.replace('version: 1', 'version 1'), f"line 1: 'version 1' {NO_HEADER}"),
        (GOOD.replace('n_points:', 'n_points ='), f"line 2: 'n_points = 68' {NO_HEADER}"),
        (f'# by hand\n{GOOD}', f"line 1: '# by hand' {NO_HEADER}"),
        (GOOD.replace('}', '\x1a}'), 'not a text file'),
        ('\x1a', 'the file is empty'),
        ('\n'.join(HEADER), "no '}' at the end, the file is cut short"),
        ('version: 1', '0 points, expected 68'),
        ('{\n}', '0 points, expected 68'),
        ('}', "'}' at the end, but no '{' before the points"),
        (GOOD + GOOD, "line 72: '}' is not a number"),
        (GOOD.replace('.', '\x1c'), 'not a text file'),
        (GOOD.replace('version', 'versión'), 'not a text file'),
        ('\uff11 \uff12\n' * K, 'not a text file'),
        (GOOD.replace(LINES[4], 'x' * 5000 + ' 1'), f"line 8: '{'x' * 20}...' is not a number"),
    ],
)
def test_bad_file_is_refused_with_its_line(text, message):
    with pytest.raises(ValueError) as caught:
        parse_pts(text.encode(), K)
    assert str(caught.value) == message


def _cut(content: bytes, rng: random.Random) -> bytes:
    return content[: rng.randrange(len(content) - 1)]


def _cut_front(content: bytes, rng: random.Random) -> bytes:
    return content[rng.randrange(40, len(content)) :]


def _shuffle_lines(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines()
    rng.shuffle(lines)
    return b'\n'.join(lines)


def _shuffle_bytes(content: bytes, rng: random.Random) -> bytes:
    return bytes(rng.sample(content, len(content)))


def _noise(content: bytes, rng: random.Random) -> bytes:
    return rng.randbytes(rng.randrange(1, 3000))


def _some_noise(content: bytes, rng: random.Random) -> bytes:
    mutated = bytearray(content)
    for _ in range(8):
        mutated[rng.randrange(len(mutated))] = rng.randrange(128, 256)
    return bytes(mutated)


def _drop_a_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines()
    del lines[rng.randrange(3, len(lines))]
    return b'\n'.join(lines)


def _repeat_a_line(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines()
    at = rng.randrange(len(lines))
    return b'\n'.join([*lines[:at], lines[at], *lines[at:]])


def _drop_a_column(content: bytes, rng: random.Random) -> bytes:
    lines = content.splitlines()
    at = rng.randrange(3, 3 + K)
    lines[at] = lines[at].split()[0]
    return b'\n'.join(lines)


MUTATIONS = [
    _cut, _cut_front, _shuffle_lines, _shuffle_bytes, _noise, _some_noise, _drop_a_line, _repeat_a_line, _drop_a_column
]  # fmt: skip


@pytest.mark.parametrize('seed', range(12))
@pytest.mark.parametrize('mutate', MUTATIONS)
def test_mutated_file_is_refused_in_one_line(mutate, seed):
    mutated = mutate(GOOD.encode(), random.Random(seed))
    with pytest.raises(ValueError) as caught:
        parse_pts(mutated, K)
    assert str(caught.value) and str(caught.value).isprintable()
