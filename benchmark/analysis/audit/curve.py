"""Whether a training curve can be that of the training that the record tells of."""

from __future__ import annotations

import math
import statistics
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.analysis.audit.finding import Finding
from benchmark.analysis.audit.schedule import learning_rates
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.config_text import parse_config
from benchmark.records.record import Record
from benchmark.records.times import as_time

if TYPE_CHECKING:
    from benchmark.analysis.digest import Digest

_SUM = 1e-6  # relative, that sums and quotients of stored seconds may be off by
_RATE = 1e-6  # relative, of a learning rate
_SAME_WEIGHTS = 1e-3  # relative, between the NME in the curve and the final one of the same weights
_LAST_EPOCH = ('last epoch', 'last epoch, EMA weights')
_SCHEDULE = (('train_cfg', 'max_epochs'), ('train_dataloader', 'batch_size'))
_LEAST_SHARE = 0.9  # of the training time that has to lie between start and end, whose clock may be set meanwhile


def curve_findings(path: Path, record: Record, digest: Digest) -> list[Finding]:
    """What of curve, cost and times contradict each other, what is only unusual, and what is not checked."""
    config, unread = _settings(record)
    problems = [*_time_problems(record)]
    unusual, unchecked = [], []
    if record.curve and record.cost:
        problems += [*_epoch_problems(record, config), *_speed_problems(record, config)]
        problems += [*_rate_problems(record, config), *_nme_problems(record, digest)]
    unusual += _unusual_times(record)
    if record.curve:
        unusual += _unusual(record)
        unchecked += [unread] if unread else []
    elif record.cost and record.cost.epochs and record.method is None:
        unusual.append(f'curve: empty, cost.epochs is {record.cost.epochs}')
    what_to_do = 'write the record anew from what made it'
    return (
        [Finding('curve', f'{path}: {one} ({what_to_do})') for one in problems]
        + [Finding('unusual-curve', f'{path}: {one} (look at the training)') for one in unusual]
        + [Finding('no-schedule', f'{path}: {one}') for one in unchecked]
    )


def _settings(record: Record) -> tuple[Mapping[str, object], str | None]:
    """The configuration as far as it says nothing but values, and why the curve is not held to it.

    Of results that others made there is none: they write into ``config`` what they like.
    """
    unread = 'its curve is not compared with its configuration'
    if record.method is not None:
        return {}, None
    try:
        config = parse_config(record.config)
    except ValueError as error:
        return {}, f'{unread}: config: {error}'
    missing = [keys for keys in _SCHEDULE if _number(config, *keys) is None]
    return config, f'{unread}: it has no number as {".".join(missing[0])}' if missing else None


def _epoch_problems(record: Record, config: Mapping[str, object]) -> Iterator[str]:
    numbers, epochs = [one.epoch for one in record.curve], record.cost.epochs
    if numbers != list(range(1, len(numbers) + 1)):
        first = next(i for i, number in enumerate(numbers, 1) if number != i)
        yield f'curve: epoch {numbers[first - 1]} stands in place of epoch {first}'
    if len(numbers) != epochs:
        yield f'curve: {len(numbers)} epochs, cost.epochs is {epochs}'
    asked = _number(config, 'train_cfg', 'max_epochs')
    if asked is not None and epochs != asked:
        yield f'cost.epochs is {epochs}, the configuration asks for {asked:g}'


def _speed_problems(record: Record, config: Mapping[str, object]) -> Iterator[str]:
    seconds, cost = [one.seconds for one in record.curve], record.cost
    if min(seconds) <= 0:
        yield f'curve: {min(seconds):g} seconds for an epoch'
        return
    if not math.isclose(sum(seconds), cost.train_seconds, rel_tol=_SUM, abs_tol=1e-6):
        yield f'cost.train_seconds is {cost.train_seconds:g}, the epochs of the curve took {sum(seconds):g}'
    if cost.train_images_per_second is None:
        return
    images, trained = cost.train_images_per_second * statistics.median(seconds), record.dataset.train_images
    # What does not fill a batch may be left out, or filled up.
    rest = _number(config, 'train_dataloader', 'batch_size') or trained
    if not max(0, trained - rest) * (1 - _SUM) < images < (trained + rest) * (1 + _SUM):
        yield (
            f'cost.train_images_per_second is {cost.train_images_per_second:g}, which makes {images:.0f} images an '
            f'epoch of {statistics.median(seconds):g} seconds, the data have {trained}'
        )


def _rate_problems(record: Record, config: Mapping[str, object]) -> Iterator[str]:
    loader = config.get('train_dataloader')
    batch = _number(config, 'train_dataloader', 'batch_size')
    if not isinstance(loader, dict) or not batch or not record.environment:
        return
    images = record.dataset.train_images  # several processes share each batch, and have as many as one
    batches = images // batch if loader.get('drop_last') else -(-images // batch)
    expected = learning_rates(config, len(record.curve), int(batches))
    for one, rate in zip(record.curve, expected or (), strict=False):
        if not math.isclose(one.learning_rate, rate, rel_tol=_RATE):
            yield (
                f'curve: the learning rate after epoch {one.epoch} is {one.learning_rate:g}, the configuration makes '
                f'it {rate:g}'
            )
            return


def _nme_problems(record: Record, digest: Digest) -> Iterator[str]:
    last = record.curve[-1].test_nme
    if last is None or record.method is not None or record.checkpoint_rule not in _LAST_EPOCH:
        return
    if record.settings is not None and record.settings.mirror_offset:
        return  # it is added in the test alone
    final = digest.values[f'nme.full.{get_benchmark(record.benchmark).headline_normalizer}']
    if not math.isclose(last, final, rel_tol=_SAME_WEIGHTS):
        yield f'curve: test_nme of the last epoch is {last:.6g}, the predictions of the same weights give {final:.6g}'


def _time_problems(record: Record) -> Iterator[str]:
    if record.started is None:
        return
    if as_time(record.created) < as_time(record.started):
        yield f'created is {record.created}, before the start of the training at {record.started}'


def _unusual(record: Record) -> Iterator[str]:
    losses = [one.loss for one in record.curve]
    if min(losses) <= 0:
        yield f'curve: a loss of {min(losses):g} in epoch {losses.index(min(losses)) + 1}'
    third = max(1, len(losses) // 3)
    first, last = statistics.fmean(losses[:third]), statistics.fmean(losses[-third:])
    if len(losses) >= 3 and last >= first:
        yield f'curve: the loss does not fall, from {first:g} to {last:g} on average over a third of the epochs'


def _unusual_times(record: Record) -> Iterator[str]:
    started, created = record.started and as_time(record.started), as_time(record.created)
    if created - datetime.now(timezone.utc) > timedelta(days=1):
        yield f'created is {record.created}, which is to come'
    if started and record.cost:
        passed = (created - started).total_seconds()
        if passed < _LEAST_SHARE * record.cost.train_seconds:
            yield (
                f'{passed:.0f} seconds between started and created, cost.train_seconds is '
                f'{record.cost.train_seconds:.0f}'
            )


def _number(config: Mapping[str, object], *keys: str) -> int | float | None:
    found: object = config
    for key in keys:
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, (int, float)) and not isinstance(found, bool) and found > 0 else None
