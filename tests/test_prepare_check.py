"""``python -m benchmark.prepare check``, as a user types it."""

from __future__ import annotations

import json

import pytest
from PIL import Image


def test_check_of_damaged_data_fails_and_of_suspicious_data_does_not(tmp_path, prepare, source):
    prepare('300w', '--source', source, '--allow-incomplete')
    stdout, lines = prepare('check', '300w', '--json')
    report = json.loads(stdout)
    assert not report['damaged']
    assert report['findings']  # the faces are noise
    assert len(lines) == len(report['findings']) + 1
    (source / 'afw' / 'face 0.jpg').write_bytes(b'')
    stdout, lines = prepare('check', '300w', '--json', status=1)
    assert json.loads(stdout)['damaged']
    assert any('afw/face 0.jpg' in line for line in lines)


def test_check_draws_a_sheet(tmp_path, prepare, source):
    prepare('300w', '--source', source, '--allow-incomplete')
    _, lines = prepare('check', '300w', '--sheet', 'faces.png', '--all')
    assert '300w: all faces are drawn in faces' in lines[-1]
    with Image.open(next(tmp_path.glob('faces*.png'))) as sheet:
        assert min(sheet.size) > 100


@pytest.mark.parametrize('options', [['--all'], ['--sheet', 'faces.gif']])
def test_check_with_options_that_cannot_be_exits_2(prepare, options):
    _, lines = prepare('check', '300w', *options, status=2)
    assert len(lines) == 1


def test_check_without_prepared_data_is_one_line(prepare):
    _, lines = prepare('check', 'wflw', status=1)
    assert lines == ['error: wflw: no prepared data in data/wflw (run: python -m benchmark.prepare wflw --source DIR)']
