"""Finished trainings as packs, which others can load, test and verify (see :mod:`benchmark.records.packs`)."""

from __future__ import annotations

import io
import shutil
import tempfile
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from pathlib import Path

import torch

from benchmark.errors import BenchmarkError, UsageError, cannot_write
from benchmark.records.packs import CARD, ONNX, RECORDS, WEIGHTS, write_sums
from benchmark.records.record import Record, records_in
from benchmark.records.times import as_time
from benchmark.suite.checkpoints import latest_checkpoint
from benchmark.suite.conditions import Places
from benchmark.suite.experiments import Experiment, load_experiment
from benchmark.suite.export import export, load_network
from benchmark.suite.weights import read_tensors


def finished_trainings(pattern: str, seeds: Sequence[int] | None, records: Path) -> dict[Path, Record]:
    """The newest finished training of each seed.

    Args:
        pattern: name of a configuration, or a shell pattern of names.
        seeds: which seeds; None for all.
        records: folder of records.

    Raises:
        UsageError: no finished training has such a name, or one of the seeds.
        BenchmarkError: a record is damaged.
    """
    done = [(path, one) for path, one in records_in(records) if one.status == 'done' and one.seed is not None]
    found = [(path, one) for path, one in done if fnmatch(one.name, pattern)]
    if not found:
        known = ', '.join(sorted({one.name for _, one in done})) or 'none'
        raise UsageError(f'{pattern}: no finished training of this name in {records} (there are: {known})')
    missing = sorted(set(seeds or ()) - {one.seed for _, one in found})
    if missing:
        there = ' '.join(map(str, sorted({one.seed for _, one in found})))
        raise UsageError(f'--seeds {missing[0]}: {pattern} has no result of this seed (there are: {there})')
    in_time = sorted(found, key=lambda pair: as_time(pair[1].created))
    newest = {(one.name, one.seed): (path, one) for path, one in in_time}
    return dict(pair for (_, seed), pair in sorted(newest.items()) if not seeds or seed in seeds)


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
            content = io.BytesIO()  # PyTorch itself says of a full disk what nobody would recognize
            torch.save({'state_dict': state, 'meta': meta}, content)
            (inside / WEIGHTS).write_bytes(content.getbuffer())
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
