from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest

from benchmark.analysis.audit.audit import check_record, first_fault
from benchmark.analysis.audit.reading import read_digest
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.predictions import read_predictions, save_predictions
from benchmark.records.record import read_record
from tests.analysis.audit.conftest import CONFIG, CURVE
from tests.results import edit_record


@pytest.fixture
def path(factory) -> Path:
    record = factory.add('synthetic-29', sizes={'full': 60}, curve=CURVE)
    made = factory.reports / 'records' / record.file_name
    edit_record(made, config=CONFIG)
    return made


def check(path: Path):
    record = read_record(path)
    digest = read_digest(path.with_name(record.predictions), get_benchmark(record.benchmark))
    return check_record(path, path.read_bytes(), record, digest)


def codes(path: Path) -> list[str]:
    return [finding.code for found in check(path).values() for finding in found]


def test_honest_record_holds_in_every_check(path):
    checks = check(path)
    assert len(checks) == 10 and not any(checks.values())


def test_one_changed_digit_anywhere_is_caught(path):
    text, rng = path.read_text(), np.random.default_rng(0)
    digits = [found.start() for found in re.finditer(r'\d', text)]
    record, caught = read_record(path), 0
    digest = read_digest(path.with_name(record.predictions), get_benchmark(record.benchmark))
    for place in rng.choice(digits, 100, replace=False):
        other = (int(text[place]) + rng.integers(1, 10)) % 10
        path.write_text(f'{text[:place]}{other}{text[place + 1 :]}')
        try:
            checks = check_record(path, path.read_bytes(), read_record(path), digest)
            caught += first_fault(checks) is not None
        except BenchmarkError as error:
            caught += str(error).startswith(f'{path}: not a valid record: ')
    assert caught == 100


def test_digit_that_changes_no_number_is_caught(path):
    text = path.read_text()
    longest = max(re.findall(r'\d+\.\d{14,}', text), key=len)
    same = next(
        f'{longest[:-1]}{digit}'
        for digit in '0123456789'
        if f'{longest[:-1]}{digit}' != longest and float(f'{longest[:-1]}{digit}') == float(longest)
    )
    path.write_text(text.replace(longest, same, 1))
    (finding,) = check(path)['seal']
    assert finding.text.startswith(f'{path}: seal: {same} was not written so, a digit was changed (')


def test_other_layout_of_the_file_holds(path):
    path.write_text(json.dumps(json.loads(path.read_text()), sort_keys=True))
    assert codes(path) == []


def test_key_that_is_there_twice_is_caught(path):
    path.write_text(path.read_text().replace(' "seed": 0,', ' "seed": 7,\n "seed": 0,'))
    assert codes(path) == ['seal']


def test_record_without_a_seal_is_caught(path):
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {'seal': None}))
    (finding,) = check(path)['seal']
    assert finding.text == (f'{path}: seal: missing (restore the file, or write the record anew from what made it)')


def test_older_records_have_a_note_and_those_made_older_are_caught(path):
    edit_record(path, schema_version=2, seal=None, predictions_sha256=None)
    assert codes(path) == ['unsealed']
    content = json.loads(path.read_text())
    path.write_text(json.dumps(content | {'seal': 'ab' * 32}))
    assert 'seal' in codes(path)


def test_predictions_that_were_saved_again_are_caught(path):
    predictions = path.with_name(read_record(path).predictions)
    changed = read_predictions(predictions)
    changed.keypoints[3, 4, 0] += 1
    save_predictions(changed, predictions)
    (finding,) = check(path)['predictions unchanged']
    assert finding.code == 'hash' and finding.text.startswith(f'{predictions}: its SHA-256 is ')


def test_fingerprint_of_another_seed_or_experiment_is_caught(factory):
    record = factory.add('synthetic-29', sizes={'full': 60}, experiment='ab' * 32, curve=CURVE)
    made = factory.reports / 'records' / record.file_name
    edit_record(made, config=CONFIG)
    assert codes(made) == []
    for change in ({'seed': 1}, {'experiment': 'ac' * 32}):
        edit_record(made, **({'seed': 0, 'experiment': 'ab' * 32} | change))
        assert 'fingerprint' in codes(made)
    edit_record(made, method='Ours')
    assert 'fingerprint' not in codes(made)


def test_record_under_another_name_is_caught(path):
    assert codes(path.rename(path.with_name('mine.json'))) == ['file-name']


@pytest.mark.parametrize(
    'text',
    ['/home/me/data', '/scratch/x', 'C:\\\\Users\\\\me', '~/data', 'file:///x', '\\\\\\\\host\\\\share', '/a/b.py'],
)
def test_path_of_a_machine_is_flagged(path, text):
    edit_record(path, config=f"data = '{text}'\n")
    (finding,) = check(path)['no paths']
    assert finding.severity == 'flag' and 'config: ' in finding.text


@pytest.mark.parametrize(
    'text', ['open-mmlab://msra/hrnetv2_w18', 'https://host/a/b', 'ResNet-18 x 1/4', 'a/b', '1 / 2']
)
def test_names_and_addresses_are_no_paths(path, text):
    edit_record(path, config=f"{CONFIG}data = '{text}'\n", backbone=text)
    assert codes(path) == []
