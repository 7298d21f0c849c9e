"""The process of one experiment, started by hand in the place of a crew."""

from __future__ import annotations

import dataclasses
import multiprocessing
import os
import sys
from pathlib import Path

import pytest

from benchmark.claims import take
from benchmark.signs import look
from benchmark.suite.conditions import Places
from benchmark.suite.orders import Ending, Order, claim_of
from benchmark.suite.worker import work


def ending_of(order: Order) -> Ending:
    """What a process says in the end that carries an order out."""
    ours, theirs = multiprocessing.Pipe()
    process = multiprocessing.get_context('spawn').Process(target=work, args=(order, theirs))
    process.start()
    theirs.close()
    ending = Ending(**ours.recv()['ending'])
    process.join(60)
    assert process.exitcode == 1
    return ending


@pytest.fixture
def order(tmp_path) -> Order:
    """An order whose configuration is not there."""
    places = Places(tmp_path / 'data', tmp_path / 'work', tmp_path / 'records')
    places.work.mkdir()
    environment = {**os.environ, 'PYTHONPATH': os.pathsep.join(sys.path)}
    return Order(tmp_path / 'absent.py', 'absent', 0, 'f' * 64, 'cpu', 1, places, Path.cwd(), environment)


def fail(order: Order, reason: str) -> Path:
    """Fail at it as another worker does."""
    base = claim_of(order.places, order.name, order.seed, order.fingerprint)
    take(base).release(keep=True, outcome='failed', reason=reason, memory=False)
    return base


def test_what_another_has_failed_at_since_it_was_ordered_is_not_tried(order):
    base = fail(order, 'the reason of the other')
    assert ending_of(order) == Ending('taken')
    sign = look(base)
    assert (sign.alive, sign.note['outcome'], sign.note['reason']) == (False, 'failed', 'the reason of the other')


def test_what_another_has_failed_at_before_it_was_ordered_is_tried(order):
    base = fail(order, 'the reason of the other')
    ending = ending_of(dataclasses.replace(order, owner=1))
    assert ending.outcome == 'failed' and 'absent.py' in ending.reason
    assert look(base).note['reason'] == ending.reason
