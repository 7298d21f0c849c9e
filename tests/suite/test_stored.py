from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from benchmark.errors import BenchmarkError
from benchmark.records.record import Record, Status, read_records, write_record
from benchmark.suite import stored
from benchmark.suite.stored import (
    clear_placeholders,
    finished_fingerprints,
    has_result,
    result_of,
    store_placeholders,
)


@dataclass
class Job:
    """What a record is written for."""

    name: str
    seed: int | None
    fingerprint: str = 'ab' * 32

    def placeholder(self, status: Status, reason: str) -> Record:
        return Record(
            name=self.name,
            seed=self.seed,
            benchmark='300w',
            status=status,
            reason=reason,
            fingerprint=self.fingerprint,
            recipe='r',
            loss='STAR',
            backbone='ResNet-18',
            input_size=(64, 64),
            config='',
            created='2026-11-24T10:00:00Z',
        )


@pytest.fixture
def records(tmp_path) -> Path:
    return tmp_path / 'results' / 'records'


def job_of(record: Record) -> Job:
    return Job(record.name, record.seed, record.fingerprint)


def statuses(records: Path) -> list[tuple[str, int, str]]:
    return sorted((one.name, one.seed, one.status) for one in read_records(records))


def test_result_is_looked_for_where_records_are_written(own, records):
    record = own.add('300w', seed=3)
    job = job_of(record)
    assert has_result(job, records)
    assert result_of(job, records).metrics == record.metrics
    assert not has_result(Job(job.name, 4, job.fingerprint), records)
    assert not has_result(Job(job.name, 3, job.fingerprint[:8] + '0' * 56), records)
    (records / record.predictions).unlink()
    assert not has_result(job, records)
    assert not has_result(job, records / 'nothing')


def test_result_of_given_weights_is_found_without_a_seed(own, records):
    record = own.add('300w').model_copy(update={'seed': None})
    write_record(record, records)
    assert has_result(job_of(record), records)
    assert finished_fingerprints(record.name, None, records) == {record.fingerprint}


def test_a_damaged_record_stops_only_what_is_asked_of_it(own, records):
    record, other = own.add('300w', seed=0), own.add('300w', seed=1)
    (records / other.file_name).write_text('{}')
    assert has_result(job_of(record), records)
    assert finished_fingerprints(record.name, 0, records) == {record.fingerprint}
    with pytest.raises(BenchmarkError, match='not a valid record'):
        has_result(job_of(other), records)
    with pytest.raises(BenchmarkError, match='not a valid record'):
        store_placeholders([(job_of(other), 'not-run', 'x')], records)


def test_results_of_other_code_are_finished_too(own, records):
    first, second = own.add('300w', version='1'), own.add('300w', version='2')
    own.add('300w', seed=1)
    assert finished_fingerprints(first.name, 0, records) == {first.fingerprint, second.fingerprint}
    assert finished_fingerprints(first.name, 0, records / 'nothing') == set()


@pytest.mark.parametrize('name', ['net', 'net-seed1', '[n]et*', 'net-seed1-abababab', 'net-seed1-abababab-failed'])
def test_only_placeholders_of_the_job_itself_are_removed(records, name):
    names = ('net', 'net-seed1', 'net-seed1-x', '[n]et*', 'net-seed1-abababab', 'net-seed1-abababab-failed', 'ne')
    jobs = [Job(one, seed) for one in names for seed in (1, 11)]
    store_placeholders([(job, 'not-run', 'x') for job in jobs], records)
    assert len(statuses(records)) == len(jobs)
    clear_placeholders([Job(name, 1)], records)
    assert statuses(records) == sorted((job.name, job.seed, 'not-run') for job in jobs if job != Job(name, 1))
    store_placeholders([(Job(name, 11), 'failed', 'y')], records)
    assert (name, 11, 'failed') in statuses(records)
    assert len(statuses(records)) == len(jobs) - 1


def test_placeholder_of_other_code_gives_way(records):
    store_placeholders([(Job('net', 0, '0' * 64), 'failed', 'x')], records)
    store_placeholders([(Job('net', 0), 'not-run', 'y')], records)
    assert [(one.fingerprint[:2], one.status) for one in read_records(records)] == [('ab', 'not-run')]


@pytest.mark.parametrize('status', ['no-data', 'not-run', 'failed'])
def test_results_stay_whatever_is_said_of_them(own, records, status):
    job = job_of(own.add('300w'))
    before = {path.name: path.read_bytes() for path in records.iterdir()}
    store_placeholders([(job, status, 'x')], records)
    clear_placeholders([job], records)
    assert {path.name: path.read_bytes() for path in records.iterdir()} == before


def test_files_of_others_are_not_read(records):
    store_placeholders([(Job('net', 0), 'not-run', 'x')], records)
    (records / 'other-seed0-abababab.json').write_text('{}')
    (records / 'net-seed0.json').write_text('{}')
    (records / 'notes.txt').write_text('mine')
    store_placeholders([(Job('net', 0), 'failed', 'y')], records)
    clear_placeholders([Job('net', 0)], records)
    assert sorted(path.name for path in records.iterdir()) == [
        'net-seed0.json',
        'notes.txt',
        'other-seed0-abababab.json',
    ]


def test_files_that_vanish_meanwhile_are_no_fault(own, records, monkeypatch):
    job = job_of(own.add('300w'))
    store_placeholders([(job, 'failed', 'x')], records)
    listdir = os.listdir

    def vanishing(folder):
        names = listdir(folder)
        for path in records.glob('*.json'):
            path.unlink()
        return names

    monkeypatch.setattr(stored.os, 'listdir', vanishing)
    assert finished_fingerprints(job.name, job.seed, records) == set()
    clear_placeholders([job], records)
    store_placeholders([(job, 'failed', 'y')], records)
    store_placeholders([(job, 'failed', 'z')], records)
    assert not has_result(Job('other', 0), records)
    assert [one.reason for one in read_records(records)] == ['z']


def test_result_that_comes_just_before_a_placeholder_is_written_leaves_none(own, records, monkeypatch):
    result = own.add('300w')
    content = (records / result.file_name).read_text()
    (records / result.file_name).unlink()

    def late(record, folder):
        (folder / result.file_name).write_text(content)  # as another command would
        return write_record(record, folder)

    monkeypatch.setattr(stored, 'write_record', late)
    store_placeholders([(job_of(result), 'not-run', 'interrupted')], records)
    assert [one.status for one in read_records(records)] == ['done']


def test_several_commands_on_one_folder_do_not_disturb_each_other(records):
    jobs = [Job('net', seed) for seed in range(5)]
    errors = []

    def command(number: int) -> None:
        try:
            for round_ in range(15):
                store_placeholders([(job, 'not-run', f'{number} {round_}') for job in jobs], records)
                for job in jobs:
                    has_result(job, records)
                    clear_placeholders([job], records)
        except Exception as error:  # whatever it is, the test fails for it
            errors.append(error)

    threads = [threading.Thread(target=command, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
