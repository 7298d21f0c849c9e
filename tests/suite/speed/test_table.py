from __future__ import annotations

import pytest
from rich.console import Console

from benchmark.records.speed import Measurement, Row
from benchmark.suite.speed.shares import PARTS
from benchmark.suite.speed.table import print_tables


def row(name, milliseconds, ratio, **more):
    return Row(
        name=name,
        milliseconds=milliseconds,
        milliseconds_quartiles=(milliseconds - 1, milliseconds + 1.5),
        samples_per_second=1000 / milliseconds,
        ratio=ratio,
        ratio_quartiles=(ratio - 1, ratio + 1),
        rounds=5,
        **more,
    )


def lines_of(capsys, *measurements, width=120):
    print_tables(measurements, Console(width=width))
    return [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]


def test_every_way_of_every_part_has_a_line_and_it_is_said_how_it_was_measured(capsys):
    rows = (row('slow [way]', 20.0, 1.0), row('fast', 1.25, 16.04))
    lines = lines_of(
        capsys,
        Measurement(part='input', about='on 3 faces', rows=rows),
        Measurement(part='other', about='elsewhere', unit='batch', rows=rows[:1], notes=('left out: this',)),
    )
    assert ['slow', '[way]', '20.00', '50', '1.0'] in lines
    assert ['19.00-21.50', '0.0-2.0'] in lines
    assert ['fast', '1.25', '800', '16.0'] in lines
    assert ['input:', 'on', '3', 'faces'] in lines
    assert lines[-2:] == [['other:', 'elsewhere'], ['other:', 'left', 'out:', 'this']]


def test_groups_stand_apart_and_what_was_measured_has_columns(capsys):
    compared = {'subject_ratio': 1.05, 'subject_ratio_quartiles': (1.01, 1.1)}
    rows = (
        row('one', 20.0, 1.0, group='small', memory_mib=51.25, memory_heatmaps=1.0459, synchronizations=0, **compared),
        row('two', 10.0, 2.0, group='large', **compared),
    )
    lines = lines_of(capsys, Measurement(part='loss', about='it', unit='batch', subject='one', rows=rows))
    assert ['loss:', 'small'] in lines and ['loss:', 'large'] in lines
    assert ['one', '20.00', '50', '1.0', '1.050', '51.2', '1.05', '0'] in lines
    assert ['19.00-21.50', '0.0-2.0', '1.010-1.100'] in lines
    assert ['two', '10.00', '100', '2.0', '1.050'] in lines


def test_shares_of_the_time_have_a_table_of_their_own(capsys):
    rows = (
        row('one', 20.0, 1.0, group='small', shares={'loading': 0.0625, 'network': 0.9375}),
        row('two', 200.0, 0.1, group='small'),
        row('three', 50.0, 0.4, group='small', shares={'loading': 0.5, 'network': 0.5}),
        row('four', 10.0, 2.0, group='large'),
    )
    lines = lines_of(capsys, Measurement(part='training', about='it', rows=rows))
    assert lines.count(['What', 'one', 'three']) == 1
    assert ['loading', '6.2', '50.0'] in lines and ['network', '93.8', '50.0'] in lines
    assert ['two', '200.0', '5.0', '0.1'] in lines


@pytest.mark.parametrize(
    ('subject', 'more'),
    [
        ('a', {'subject_ratio': 1.0, 'subject_ratio_quartiles': (1.0, 1.0)}),
        (None, {'synchronizations': 1234, 'shares': dict.fromkeys(PARTS, 1 / 7)}),
    ],
)
def test_table_fits_into_eighty_columns(subject, more, capsys):
    memory = {'memory_mib': 12345.0, 'memory_heatmaps': 123.0}
    names = ['bfloat16, channels last, compiled, CUDA graphs', *map(str, range(4))]
    rows = tuple(row(name, 1234.5, 100.0, group='g', **memory, **more) for name in names)
    print_tables([Measurement(part='loss', about='it', subject=subject, rows=rows)], Console(width=80))
    out = capsys.readouterr().out
    assert out.count('14.3') == (0 if subject else 5 * 7)
    assert max(map(len, out.splitlines())) <= 80
    assert '…' not in out
