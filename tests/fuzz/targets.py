"""What reads foreign files, and what must never come of it: a traceback, a file elsewhere, a wrong acceptance."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.analysis.audit.sealing import seal_findings
from benchmark.datasets.archives import unpack
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.config_text import parse_config
from benchmark.records.configuration import configuration_fault
from benchmark.records.faults import content_fault
from benchmark.records.formats import read_landmarks
from benchmark.records.plans import read_plan
from benchmark.records.predictions import read_predictions, summarize
from benchmark.records.record import read_record
from tests.fuzz import seeds
from tests.fuzz.mutations import Mutation, any_of, changed_archive, changed_json, damaged

LONGEST_MESSAGE = 2000


@dataclass(frozen=True)
class Target:
    """A reader of files.

    Attributes:
        seeds: honest files to start from.
        mutate: changes a file.
        run: reads a file; returns the line that it is refused with, None where it is accepted, and raises an
            AssertionError where what comes of it must never come of any.
    """

    seeds: Callable[[], Sequence[bytes]]
    mutate: Mutation
    run: Callable[[bytes], str | None]


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


def _record(content: bytes) -> str | None:
    def read(path: Path) -> None:
        record = read_record(path)
        assert path.parent / Path(record.file_name).name
        if record.predictions is not None:
            assert (path.parent / record.predictions).parent == path.parent, 'predictions lie in another folder'

    return refusal(read, content, '.json')


def _sealed(content: bytes) -> str | None:
    """What was edited is told, however little; what is accepted says what the record said."""
    honest = json.loads(seeds.records()[0].read_bytes())

    def read(path: Path) -> None:
        record = read_record(path)
        found = seal_findings(path, content, record)
        assert found or json.loads(content) == honest, 'an edited record was accepted'

    return refusal(read, content, '.json')


def _landmarks(suffix: str) -> Callable[[bytes], str | None]:
    def run(content: bytes) -> str | None:
        def read(path: Path) -> None:
            found = read_landmarks(path)
            assert found.keypoints.ndim == 3 and found.keypoints.shape[2] == 2, (
                f'landmarks of shape {found.keypoints.shape}'
            )

        return refusal(read, content, suffix)

    return run


def _predictions(content: bytes) -> str | None:
    benchmark = get_benchmark('synthetic-29')

    def read(path: Path) -> None:
        predictions = read_predictions(path)
        if content_fault(vars(predictions), benchmark) is None:
            for metric in summarize(predictions, benchmark):
                assert np.isfinite(metric.value) and metric.value >= 0, f'{metric.metric} is {metric.value}'

    return refusal(read, content, '.npz')


def _configuration(content: bytes) -> str | None:
    text = content.decode(errors='surrogateescape')
    fault = configuration_fault(text, ())
    assert fault is None or '\n' not in fault, f'not one line: {fault!r}'
    try:
        settings = parse_config(text)
    except ValueError as error:
        assert '\n' not in str(error), f'not one line: {error}'
        assert fault is not None, 'accepted, though it cannot be read'
        return fault
    found: dict = {'__builtins__': {}, 'dict': dict}
    exec(compile(text, 'configuration', 'exec'), found)  # plain values alone, as was just found
    assert repr(settings) == repr({key: found[key] for key in settings}), 'other values than Python reads'
    return fault


def _plan(content: bytes) -> str | None:
    return refusal(read_plan, content, '.json')


def _archive(content: bytes) -> str | None:
    def read(path: Path) -> None:
        outside = {one for one in path.parent.rglob('*')}
        target = path.parent / 'target'
        try:
            unpack(path, target, lambda parts: '/'.join(parts))
        finally:
            new = {one for one in path.parent.rglob('*')} - outside
            assert all(one == target or target in one.parents for one in new), 'wrote outside its folder'
            assert not any(one.is_symlink() for one in new), 'made a link'

    return refusal(read, content, '.zip')


def _checkpoint(content: bytes) -> str | None:
    # Not with the module: the others need no PyTorch.
    from benchmark.models.official.checkpoint import read_official
    from benchmark.suite.weights import read_tensors

    official = refusal(read_official, content, '.pkl')
    return refusal(read_tensors, content, '.pth') or official


TARGETS = {
    'record': Target(seeds.record_files, any_of(damaged, changed_json, changed_json), _record),
    'sealed': Target(lambda: seeds.record_files()[:1], any_of(damaged, changed_json, changed_json), _sealed),
    'predictions': Target(seeds.predictions_files, any_of(damaged, changed_archive, changed_archive), _predictions),
    'configuration': Target(seeds.configurations, damaged, _configuration),
    'plan': Target(seeds.plans, any_of(damaged, changed_json, changed_json), _plan),
    'archive': Target(seeds.archives, any_of(damaged, changed_archive), _archive),
    'csv': Target(seeds.csv_tables, damaged, _landmarks('.csv')),
    'json': Target(seeds.json_maps, any_of(damaged, changed_json), _landmarks('.json')),
    'npz': Target(seeds.npz_file, any_of(damaged, changed_archive, changed_archive), _landmarks('.npz')),
    'npy': Target(seeds.npy_file, damaged, _landmarks('.npy')),
    'dump': Target(seeds.dumps, damaged, _landmarks('.pkl')),
    'list': Target(seeds.wflw_list, damaged, _landmarks('.txt')),
    'checkpoint': Target(seeds.checkpoints, any_of(damaged, changed_archive), _checkpoint),
}
