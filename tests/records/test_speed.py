from __future__ import annotations

import subprocess
import sys

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.parts import Environment
from benchmark.records.speed import (
    Measurement,
    Row,
    SpeedReport,
    read_speed_report,
    report_path,
    store,
)


def environment(**changes):
    content = {
        'device': 'cpu',
        'device_name': 'Intel(R) Xeon(R) CPU @ 2.00GHz',
        'driver': None,
        'threads': 2,
        'precision': 'float32',
        'python': '3.11.2',
        'packages': {},
        'git_commit': None,
        'git_dirty': None,
    }
    return Environment(**{**content, **changes})


def measurement(part, about='it', **changes):
    return Measurement(part=part, about=about, rows=(), environment=environment(**changes))


def test_measuring_a_part_again_replaces_that_part_only(tmp_path):
    first = store(tmp_path / 'speed', [measurement('step'), measurement('loss', 'before')])
    assert store(tmp_path / 'speed', [measurement('loss', 'after')]) == first
    report = read_speed_report(first)
    assert [(one.part, one.about) for one in report.measurements] == [('loss', 'after'), ('step', 'it')]
    assert (report.device_name, report.threads) == ('Intel(R) Xeon(R) CPU @ 2.00GHz', 2)


def test_every_device_and_number_of_threads_has_a_file_of_its_own(tmp_path):
    for changes in ({}, {'threads': 1}, {'device_name': 'NVIDIA H100 80GB HBM3', 'threads': 16}):
        store(tmp_path, [measurement('loss', **changes)])
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        'intel-r-xeon-r-cpu-2-00ghz-1-thread.json',
        'intel-r-xeon-r-cpu-2-00ghz-2-threads.json',
        'nvidia-h100-80gb-hbm3-16-threads.json',
    ]
    assert [read_speed_report(path).threads for path in sorted(tmp_path.iterdir())] == [1, 2, 16]


@pytest.mark.parametrize(
    ('text', 'where'),
    [('', 'file'), ('{"device_name": "a", "threads": 1}', 'measurements'), ('{"odd": 1}', 'device_name')],
)
def test_invalid_file_is_named_and_not_written_over(tmp_path, text, where):
    path = report_path(tmp_path, environment())
    path.write_text(text)
    for act in (lambda: read_speed_report(path), lambda: store(tmp_path, [measurement('loss')])):
        with pytest.raises(BenchmarkError) as failure:
            act()
        assert str(failure.value).startswith(f'{path}: not a valid report of speeds: {where}')
        assert '\n' not in str(failure.value)
    assert path.read_text() == text


@pytest.mark.parametrize('model', [Row, Measurement, SpeedReport])
def test_every_key_is_documented(model):
    assert all(field.description for field in model.model_fields.values())


def test_reading_loads_no_torch():
    code = 'import sys, benchmark.records.speed; sys.exit("torch" in sys.modules)'
    assert subprocess.run([sys.executable, '-c', code], check=False).returncode == 0
