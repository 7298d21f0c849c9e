from __future__ import annotations

import subprocess
import sys

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.parts import Environment
from benchmark.records.speed import Measurement, Row, store
from benchmark.site.speed_tables import speed_tables
from benchmark.site.tables import NONE


def environment(threads=2):
    return Environment(
        device='cpu',
        device_name='A Processor',
        driver=None,
        threads=threads,
        precision='float32',
        python='3.11.2',
        packages={'torch': '2.13.0'},
        git_commit=None,
        git_dirty=None,
    )


def row(name, milliseconds, group='', **more):
    quartiles = (milliseconds / 2, milliseconds * 2)
    return Row(
        name=name,
        group=group,
        milliseconds=milliseconds,
        milliseconds_quartiles=quartiles,
        samples_per_second=1000 / milliseconds,
        ratio=40 / milliseconds,
        ratio_quartiles=(1, 2),
        rounds=7,
        **more,
    )


@pytest.fixture
def reports(tmp_path):
    """Speeds of two parts on one device, and of one on another."""
    compared = {'subject_ratio': 1.0456, 'subject_ratio_quartiles': (1.01, 1.1)}
    loss = Measurement(
        part='loss',
        about='forward and backward',
        unit='batch',
        clock='wall',
        subject='STAR',
        rows=(
            row('eigh', 400.0, '32 x 98', memory_mib=637.04, memory_heatmaps=13.0, **compared),
            row('STAR', 20.5, '32 x 98', memory_mib=53.9, memory_heatmaps=1.1, **compared),
            row('copy', 0.004, '16 x 98', **compared),
        ),
        environment=environment(),
    )
    inference = Measurement(
        part='inference',
        about='on <faces>',
        rows=(row('PyTorch', 2.5),),
        notes=('left out: that',),
        environment=environment(),
    )
    store(tmp_path / 'speed', [loss, inference])
    store(tmp_path / 'speed', [inference.model_copy(update={'environment': environment(1)})])
    return tmp_path


def test_every_part_on_every_device_has_a_table(reports):
    captions = [table.caption for table in speed_tables([reports])]
    assert len(captions) == 3
    assert captions[0].startswith('Speed, inference: on <faces>; A Processor, 1 thread, time of computation')
    assert captions[1].startswith('Speed, inference: on <faces>; A Processor, 2 threads, time of computation')
    assert captions[1].endswith('; PyTorch 2.13.0; medians with quartiles in brackets; left out: that')
    assert captions[2].startswith('Speed, loss: forward and backward; A Processor, 2 threads, wall-clock time')


def test_every_way_has_a_line_with_what_was_measured(reports):
    table = speed_tables([reports])[2]
    assert [f'{column.group} {column.label}'.strip() for column in table.columns] == [
        'on',
        'way',
        'ms a batch',
        'batches a second',
        'times as fast as the first',
        'time of STAR over this',
        'peak memory MiB',
        'peak memory heatmaps',
    ]
    texts = [[[cell.text for cell in line.cells] for line in body] for body in table.bodies]
    assert texts[0][0] == [
        '32 x 98', 'eigh', '400.0 [200.0, 800.0]', '2.5', '0.10 [1.00, 2.00]', '1.046 [1.010, 1.100]', '637.0', '13.00',
    ]  # fmt: skip
    assert texts[0][1][:4] == ['32 x 98', 'STAR', '20.50 [10.25, 41.00]', '49']
    assert texts[1][0][-2:] == [NONE, NONE]
    assert [[line.strong for line in body] for body in table.bodies] == [[False, True], [False]]
    assert {len(line.cells) for body in table.bodies for line in body} == {len(table.columns)}


def test_parts_of_the_time_have_a_column_each(tmp_path):
    rows = (
        row('float32', 20.0, shares={'loading': 0.25, 'network': 0.75}),
        row('compiled', 10.0, shares={'loading': 0.5, 'hooks': 0.5}),
        row('CUDA graphs', 5.0),
    )
    store(tmp_path / 'speed', [Measurement(part='training', about='it', rows=rows, environment=environment())])
    (table,) = speed_tables([tmp_path])
    assert [f'{column.group}: {column.label}' for column in table.columns if column.group] == [
        'share of time, %: loading',
        'share of time, %: network',
        'share of time, %: hooks',
    ]
    assert [[cell.text for cell in line.cells[-3:]] for line in table.bodies[0]] == [
        ['25.0', '75.0', NONE],
        ['50.0', NONE, '50.0'],
        [NONE, NONE, NONE],
    ]


def test_columns_that_nothing_was_measured_for_are_left_out(reports):
    table = speed_tables([reports])[0]
    assert [column.label for column in table.columns] == [
        'way',
        'ms an image',
        'images a second',
        'times as fast as the first',
    ]


def test_nothing_measured_gives_no_table(tmp_path):
    assert speed_tables([tmp_path]) == []


def test_invalid_file_is_named(reports):
    path = reports / 'speed' / 'b.json'
    path.write_text('{')
    with pytest.raises(BenchmarkError, match='not a valid report of speeds') as failure:
        speed_tables([reports])
    assert str(path) in str(failure.value)


def test_tables_are_made_without_torch():
    code = 'import sys, benchmark.site.speed_tables; sys.exit("torch" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
