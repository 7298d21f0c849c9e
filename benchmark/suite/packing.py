"""Finished trainings as packs, which others can load, test and verify (see :mod:`benchmark.records.packs`)."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

import torch

from benchmark.errors import BenchmarkError, UsageError, cannot_write
from benchmark.records.packs import CARD, ONNX, RECORDS, WEIGHTS, write_sums
from benchmark.records.record import Record, records_in
from benchmark.suite.checkpoints import latest_checkpoint
from benchmark.suite.conditions import Places
from benchmark.suite.experiments import Experiment, load_experiment
from benchmark.suite.export import export, load_network
from benchmark.suite.weights import read_tensors


def finished_trainings(row: str, seeds: Sequence[int] | None, places: Places) -> list[Path]:
    """Records of the trainings of a row that are done.

    Args:
        row: name of a configuration, or a part of it that no other row has.
        seeds: which seeds; None for all.
        places: folders.

    Raises:
        UsageError: there is no such row, several have the part, or a seed is not done.
        BenchmarkError: a record is damaged.
    """
    done = [(path, one) for path, one in records_in(places.records) if one.status == 'done' and one.seed is not None]
    names = sorted({one.name for _, one in done if row in one.name})
    if row in names:
        names = [row]
    if not names:
        known = ', '.join(sorted({one.name for _, one in done})) or 'none'
        raise UsageError(f'{row}: no finished training of this name in {places.records} (there are: {known})')
    if len(names) > 1:
        raise UsageError(f'{row}: several rows have this in their name: {", ".join(names)} (name one)')
    by_seed: dict[int, tuple[Path, Record]] = {}
    for path, one in done:
        if one.name == names[0] and (one.seed not in by_seed or one.created > by_seed[one.seed][1].created):
            by_seed[one.seed] = path, one
    missing = sorted(set(seeds or ()) - by_seed.keys())
    if missing:
        there = ' '.join(map(str, sorted(by_seed)))
        raise UsageError(f'--seeds {missing[0]}: {names[0]} has no result of this seed (there are: {there})')
    return [by_seed[seed][0] for seed in sorted(seeds or by_seed)]


def pack(
    path: Path, record: Record, places: Places, output: Path, with_onnx: bool, make_card: Callable[[Path], str]
) -> Path:
    """Pack a training.

    Args:
        path: its record.
        record: what the record says.
        places: folders.
        output: folder that the pack is made in, under the name of the record.
        with_onnx: whether to export the network, too.
        make_card: makes the model card of a pack that has everything else.

    Returns:
        The folder of the pack, which appears when it is whole.

    Raises:
        BenchmarkError: the checkpoint is gone, it is not one of this network, the network cannot be exported, or the
            folder exists or cannot be written to.
    """
    folder = output / path.stem
    if folder.exists():
        raise BenchmarkError(f'{folder}: exists already (remove it, or choose another folder with --output)')
    work = places.checkpoints(record.name, record.seed, record.fingerprint)
    checkpoint = latest_checkpoint(work)
    if checkpoint is None:
        raise BenchmarkError(f'{work}: no checkpoint of this training any more (train it again to pack it)')
    state, _ = read_tensors(checkpoint)
    try:
        output.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=output, prefix='.packing-') as made:
            inside = Path(made, folder.name)
            (inside / RECORDS).mkdir(parents=True)
            for file in (path, path.with_name(record.predictions)):
                shutil.copyfile(file, inside / RECORDS / file.name)
            config = inside / f'{record.name}.py'
            config.write_text(record.config)
            meta = {'record': path.name, 'fingerprint': record.fingerprint}
            torch.save({'state_dict': state, 'meta': meta}, inside / WEIGHTS)
            experiment = load_experiment(config)
            if with_onnx:
                _export(experiment, inside)
            (inside / CARD).write_text(make_card(inside))
            write_sums(inside)
            inside.rename(folder)
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{folder}: cannot write the pack', error, '--output')) from error
    return folder


def _export(experiment: Experiment, folder: Path) -> None:
    try:
        export(load_network(experiment, folder / WEIGHTS), experiment.input_size, folder / ONNX)
    except BenchmarkError as error:
        raise BenchmarkError(f'{error}; --without-onnx packs it all the same') from error
