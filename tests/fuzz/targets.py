"""What reads foreign files, and what must never come of it: a traceback, a file elsewhere, a wrong acceptance."""

from __future__ import annotations

import io
import json
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from benchmark.datasets.archives import unpack
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.config_text import parse_config
from benchmark.records.faults import content_fault
from benchmark.records.plans import read_plan
from benchmark.records.predictions import read_predictions, summarize
from benchmark.records.record import read_record
from benchmark.verification.configuration import configuration_fault
from tests.fuzz.mutations import Mutation, any_of, changed_archive, changed_json, damaged

ROOT = Path(__file__).resolve().parents[2]
RECORDS = ROOT / 'reports' / 'records'
LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Target:
    """A reader of files.

    Attributes:
        seeds: honest files to start from.
        mutate: changes a file.
        run: reads a file; raises an AssertionError where what becomes of it must never become of any.
    """

    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutation
    run: Callable[[bytes], None]


def refusal(read: Callable[[Path], object], content: bytes, suffix: str) -> str | None:
    """Let a function read a file; the line that it is refused with, or None.

    Raises:
        AssertionError: the refusal is not one line of bearable length.
        Exception: the function raised something else than a BenchmarkError.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, f'file{suffix}')
        path.write_bytes(content)
        try:
            read(path)
        except BenchmarkError as error:
            line = str(error)
            assert line and '\n' not in line and len(line) < LONGEST_MESSAGE, f'not one line: {line[:200]!r}'
            return line
    return None


def _record(content: bytes) -> None:
    def read(path: Path) -> None:
        record = read_record(path)
        assert path.parent / Path(record.file_name).name
        if record.predictions is not None:
            assert (path.parent / record.predictions).parent == path.parent, 'predictions lie in another folder'

    refusal(read, content, '.json')


def _predictions(content: bytes) -> None:
    benchmark = get_benchmark('synthetic-29')

    def read(path: Path) -> None:
        predictions = read_predictions(path)
        if content_fault(vars(predictions), benchmark) is None:
            for metric in summarize(predictions, benchmark):
                assert np.isfinite(metric.value) and metric.value >= 0, f'{metric.metric} is {metric.value}'

    refusal(read, content, '.npz')


def _configuration(content: bytes) -> None:
    text = content.decode(errors='surrogateescape')
    fault = configuration_fault(text, ())
    assert fault is None or '\n' not in fault, f'not one line: {fault!r}'
    try:
        settings = parse_config(text)
    except ValueError as error:
        assert '\n' not in str(error), f'not one line: {error}'
        assert fault is not None, 'accepted, though it cannot be read'
        return
    found: dict = {'__builtins__': {}, 'dict': dict}
    exec(compile(text, 'configuration', 'exec'), found)  # plain values alone, as was just found
    assert repr(settings) == repr({key: found[key] for key in settings}), 'other values than Python reads'


def _plan(content: bytes) -> None:
    refusal(read_plan, content, '.json')


def _archive(content: bytes) -> None:
    def read(path: Path) -> None:
        outside = {one for one in path.parent.rglob('*')}
        target = path.parent / 'target'
        try:
            unpack(path, target, lambda parts: '/'.join(parts))
        finally:
            new = {one for one in path.parent.rglob('*')} - outside
            assert all(one == target or target in one.parents for one in new), 'wrote outside its folder'
            assert not any(one.is_symlink() for one in new), 'made a link'

    refusal(read, content, '.zip')


def _checkpoint(content: bytes) -> None:
    # Not with the module: the others need no PyTorch.
    from benchmark.models.official.checkpoint import read_official
    from benchmark.suite.weights import read_tensors

    refusal(read_tensors, content, '.pth')
    refusal(read_official, content, '.pkl')


@cache
def _records() -> tuple[Path, ...]:
    return tuple(sorted(RECORDS.glob('*synthetic-29*.json')))[:2]


def _record_files() -> list[bytes]:
    return [path.read_bytes() for path in _records()]


def _predictions_files() -> list[bytes]:
    files = [path.with_suffix('.npz') for path in _records()[:1]]
    small = io.BytesIO()
    with np.load(files[0]) as found:
        names = found['image_ids'][:8]
    np.savez(
        small,
        image_ids=names,
        subset_names=np.array(['full']),
        subsets=np.ones((8, 1), bool),
        keypoints=np.arange(8 * 29 * 2, dtype=np.float32).reshape(8, 29, 2),
        distances=np.ones((8, 29), np.float32),
        inter_ocular=np.full(8, 50, np.float32),
        inter_pupil=np.full(8, 40, np.float32),
    )
    return [small.getvalue(), *(path.read_bytes() for path in files)]


def _configurations() -> list[bytes]:
    return [read_record(path).config.encode() for path in _records()]


def _plans() -> list[bytes]:
    run = {'name': 'a', 'seed': 0, 'benchmark': '300w', 'experiment': 'e' * 64, 'fingerprint': 'f' * 64}
    comparison = {'benchmark': '300w', 'row': 'a', 'reference': 'b', 'measure': 'NME'}
    plan = {'name': 'study', 'created': '2026-11-01T00:00:00+00:00', 'results_version': 2, 'git_commit': None}
    return [json.dumps(plan | {'runs': [run], 'comparisons': [comparison]}).encode()]


def _archives() -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('afw/1.pts', b'version: 1\n' * 40)
        archive.writestr('afw/1.jpg', bytes(range(256)) * 4)
    return [packed.getvalue()]


def _checkpoints() -> list[bytes]:
    import torch

    file = io.BytesIO()
    torch.save({'state_dict': {'weight': torch.arange(4.0)}, 'meta': {'epoch': 1}}, file)
    return [file.getvalue()]


TARGETS = {
    'record': Target(_record_files, any_of(damaged, changed_json, changed_json), _record),
    'predictions': Target(_predictions_files, any_of(damaged, changed_archive, changed_archive), _predictions),
    'configuration': Target(_configurations, damaged, _configuration),
    'plan': Target(_plans, any_of(damaged, changed_json, changed_json), _plan),
    'archive': Target(_archives, any_of(damaged, changed_archive), _archive),
    'checkpoint': Target(_checkpoints, any_of(damaged, changed_archive), _checkpoint),
}
