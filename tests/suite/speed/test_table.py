from __future__ import annotations

from rich.console import Console

from benchmark.suite.speed.table import print_table
from benchmark.suite.speed.timing import Measurement, Row


def test_table_has_a_line_for_each_way_of_each_part_and_says_how_it_was_measured(capsys):
    rows = (
        Row('slow [way]', 20.0, (19.0, 21.5), 50.0, 1.0, (1.0, 1.0), 5),
        Row('fast', 1.25, (1.0, 2.0), 800.0, 16.04, (15.0, 17.0), 5),
    )
    print_table(
        [Measurement('input', 'on 3 faces', rows), Measurement('other', 'elsewhere', rows[:1])], Console(width=120)
    )
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert ['input', 'slow', '[way]', '20.00', '19.00-21.50', '50', '1.0', '1.0-1.0'] in lines
    assert ['input', 'fast', '1.25', '1.00-2.00', '800', '16.0', '15.0-17.0'] in lines
    assert ['other', 'slow', '[way]', '20.00', '19.00-21.50', '50', '1.0', '1.0-1.0'] in lines
    assert lines[-2:] == [['input:', 'on', '3', 'faces'], ['other:', 'elsewhere']]
