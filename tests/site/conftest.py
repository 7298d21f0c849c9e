"""Rows of the published setting, and of settings that differ from it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from benchmark.analysis.sections import Section
from benchmark.records.parts import GivenWeights, Settings
from benchmark.records.record import Record, write_record
from tests.results import boxes_from

OFFICIAL = 'Hourglass (4 stacks, AAM)'


def _weights(origin: str) -> GivenWeights:
    parts = ('cd' * 32, 'net_ema') if origin == 'official weights' else (None, None)
    return GivenWeights(origin=origin, file='x.pth', sha256='ab' * 32, converted_from=parts[0], converted_part=parts[1])


@pytest.fixture
def section(sections) -> Callable[[], Section]:
    """The first benchmark of the factory's folder."""
    return lambda: sections()[0]


@pytest.fixture
def add_published(factory) -> Callable[..., list[Record]]:
    """Adds a row of STAR in the published setting.

    ``seeds`` is their number, ``batch`` the images behind a step (None: not recorded), ``weights`` an origin of given
    weights, ``boxes`` a kind of face boxes from a file; ``checkpoint_rule``, ``box`` and ``pretrained`` go into the
    records, everything else to the factory.
    """

    def add(benchmark='wflw', seeds=3, batch=32, weights=None, boxes=None, **options) -> list[Record]:
        options = {'network': OFFICIAL, 'epochs': 500, **options}
        changes = {key: options.pop(key) for key in ('checkpoint_rule', 'box', 'pretrained') if key in options}
        switches = {'accumulation': 1, 'channels_last': False, 'compiled': False, 'gradient_checkpointing': False}
        changes['settings'] = batch and Settings(images_per_step=batch, **switches)
        if weights:
            seeds = 1
            changes |= {'seed': None, 'weights': _weights(weights), 'checkpoint_rule': weights, 'settings': None}
            options |= {'epochs': 0, 'recipe': 'w'}
        if boxes:
            changes |= boxes_from(boxes)
        added = []
        for seed in range(seeds):
            record = factory.add(benchmark, options.get('loss', 'STAR'), seed, **_without(options, 'loss'))
            (factory.reports / 'records' / record.file_name).unlink()
            added.append(record.model_copy(update=changes))
            write_record(added[-1], factory.reports / 'records')
        return added

    return add


def _without(options: dict, key: str) -> dict:
    return {name: value for name, value in options.items() if name != key}
