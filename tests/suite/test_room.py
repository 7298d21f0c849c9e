from __future__ import annotations

from types import SimpleNamespace

import psutil
import pytest

from benchmark.suite import room
from benchmark.suite.conditions import Setup
from benchmark.suite.room import Room


@pytest.fixture
def machine(monkeypatch):
    """A machine with chosen cores, busy cores of others and free memory."""

    def make(cores: int, busy: float = 0.0, free: int = 2**34) -> None:
        monkeypatch.setattr(room, 'available_cores', lambda: cores)
        monkeypatch.setattr(Room, '_busy_by_others', lambda self: busy)
        monkeypatch.setattr(psutil, 'virtual_memory', lambda: SimpleNamespace(available=free))

    return make


def most_at_once(setup: Setup) -> int:
    one = Room(setup)
    running = 0
    while one.has_room(running):
        running += 1
    return running


@pytest.mark.parametrize(
    ('cores', 'busy', 'expected'),
    [(1, 0, 1), (2, 0, 2), (2, 2, 2), (8, 0, 8), (8, 3.2, 5), (64, 64, 2), (64, 10, 54)],
)
def test_cores_that_others_keep_busy_are_left_to_them_but_for_two(machine, cores, busy, expected):
    machine(cores, busy)
    assert most_at_once(Setup('cpu')) == expected


def test_a_training_of_several_threads_or_processes_takes_as_many_cores(machine):
    machine(8)
    assert most_at_once(Setup('cpu', threads=4)) == 2
    assert most_at_once(Setup('cpu', processes=3)) == 2
    assert most_at_once(Setup('cpu', threads=16)) == 1


def test_what_the_user_says_holds(machine):
    machine(2, busy=2, free=0)
    assert most_at_once(Setup('cpu', jobs=5)) == 5


def test_no_other_training_begins_where_memory_is_short(machine):
    machine(8, free=2**28)
    assert most_at_once(Setup('cpu')) == 1


def test_threads_are_one_on_a_cpu_and_left_to_pytorch_on_a_gpu():
    assert Room(Setup('cpu')).threads == 1
    assert Room(Setup('cuda', gpus=(0,))).threads is None
    assert Room(Setup('cuda', gpus=(0,), threads=3)).threads == 3


@pytest.mark.parametrize(
    ('gpus', 'per_gpu', 'processes', 'expected'),
    [
        ((0, 1, 2, 3), 1, 1, [(0,), (1,), (2,), (3,)]),
        ((2, 5), 2, 1, [(2,), (5,), (2,), (5,)]),
        ((0, 1, 2, 3), 1, 2, [(0, 1), (2, 3)]),
        ((0, 1, 2), 1, 2, [(0, 1)]),
    ],
)
def test_each_training_gets_the_gpus_that_are_least_taken(gpus, per_gpu, processes, expected):
    one = Room(Setup('cuda', processes, gpus=gpus, per_gpu=per_gpu))
    taken: list[tuple[int, ...]] = []
    while one.has_room(len(taken)):
        taken.append(one.gpus(taken))
    assert taken == expected


def test_gpu_that_is_free_again_is_taken_again():
    one = Room(Setup('cuda', gpus=(0, 1)))
    assert one.gpus([(1,)]) == (0,)
    assert one.gpus([(0,)]) == (1,)


def test_load_of_others_is_measured_without_our_own(monkeypatch):
    samples = iter([(0.0, 100.0, 10.0), (10.0, 130.0, 25.0)])  # of 30 busy seconds in ten, 15 are ours
    monkeypatch.setattr(Room, '_sample', lambda self: next(samples))
    monkeypatch.setattr(room, 'available_cores', lambda: 8)
    monkeypatch.setattr(room.time, 'monotonic', lambda: 10.0)
    assert Room(Setup('cpu'))._busy_by_others() == pytest.approx(1.5)


def test_a_real_sample_counts_up():
    one = Room(Setup('cpu'))
    first = one._sample()
    sum(range(3_000_000))
    second = one._sample()
    assert second[0] > first[0] and second[1] >= first[1] and second[2] > first[2]
