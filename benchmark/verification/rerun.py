"""Train a record again, from nothing but the record, in a folder of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmark.analysis.circumstances import circumstances
from benchmark.datasets.manifest import read_manifest
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.statistics import pooled_spread, prediction_bound
from benchmark.records.configuration import configuration_fault
from benchmark.records.predictions import Predictions, read_predictions
from benchmark.records.record import Record, read_record, read_records

_NAME = re.compile(r'[A-Za-z0-9][\w.+-]*')
CONFIDENCE = 0.99
_STOP_SECONDS = 3.0
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rerun:
    """A record and the one that training it again has made.

    Attributes:
        first: the record.
        again: what was made from it.
        predictions: of both.
        seeds: headline NME of each record of the experiment that is known, percent: what its seeds span.
    """

    first: Record
    again: Record
    predictions: tuple[Predictions, Predictions]
    seeds: tuple[float, ...]

    @property
    def identical(self) -> bool:
        """Whether all arrays of the predictions are the same to the bit."""
        one, other = (vars(predictions) for predictions in self.predictions)
        return all(
            (one[name] is None) == (other[name] is None)
            and (one[name] is None or np.array_equal(one[name], other[name]))
            for name in one
        )

    @property
    def otherwise(self) -> tuple[str, ...]:
        """In what it was made otherwise than the record, in words; where in nothing, every bit has to be the same."""
        changed = ('another version of the code',) if self.first.experiment != self.again.experiment else ()
        return circumstances([self.again], [self.first]) + changed

    @property
    def bound(self) -> float | None:
        """How far 99 of 100 pairs of seeds lie apart at most, percentage points; None with fewer than two seeds."""
        spread = pooled_spread([self.seeds])
        return None if spread is None else prediction_bound(spread, 1, 1, CONFIDENCE)

    def judge(self) -> tuple[bool | None, str]:
        """Whether the record came out again, and the sentence that says so; None: nothing tells how seeds vary."""
        found, before = headline_nme(self.again), headline_nme(self.first)
        numbers = f'NME {found:.2f} against {before:.2f}'
        if self.identical:
            return True, f'trained again: NME {found:.2f}, identical to the bit'
        if not self.otherwise:
            return False, f'trained again: {numbers}, on the same device with the same versions, but not the same bits'
        made = f'({", ".join(self.otherwise)})'
        if self.bound is None:
            return None, f'trained again: {numbers}; a single seed does not tell how seeds vary {made}'
        holds = round(abs(found - before), 2) <= round(self.bound, 2)
        what = 'within' if holds else 'farther apart than'
        return holds, f'trained again: {numbers}, {what} the {self.bound:.2f} that two seeds may differ by {made}'


def headline_nme(record: Record) -> float:
    """Headline NME of a finished record, percent."""
    normalizer = get_benchmark(record.benchmark).headline_normalizer
    wanted = 'full', normalizer, 'nme'
    return next(one.value for one in record.metrics if (one.subset, one.normalizer, one.metric) == wanted)


def rerun(
    path: Path, folder: Path, data_root: Path | None, pool: Sequence[Record], say: Callable[[str], None]
) -> Rerun:
    """Train the experiment of a record again.

    Args:
        path: a record that this benchmark has made by training.
        folder: an empty folder; everything that the training makes stays in it.
        data_root: prepared data; None, or without those of the record: drawn faces are drawn again.
        pool: records that are known; those of the experiment tell how its seeds vary.
        say: called with a line before each thing that takes long.

    Raises:
        BenchmarkError: the record is not one of a training here, its configuration is not safe to be trained, its
            data or components are not at hand, or the training fails.
    """
    record = read_record(path)
    fault = _not_to_be_trained(record)
    if fault:
        raise BenchmarkError(f'{path}: cannot be trained again: {fault}')
    data = _data(path, record, folder, data_root, say)
    configs = folder / 'configs'
    configs.mkdir(parents=True)
    (configs / f'{record.name}.py').write_text(record.config, encoding='utf-8')
    say(f'{record.name} seed {record.seed}: training again, in {folder}')
    arguments = {
        '--name': record.name,
        '--seeds': record.seed,
        '--configs': configs.resolve(),
        '--data-root': data.resolve(),
        '--results': (folder / 'results').resolve(),
        '--reports': (folder / 'published').resolve(),
        '--work-dir': (folder / 'work').resolve(),
        '--device': record.environment.device,
        '--processes': record.environment.processes,
    }
    if record.environment.device == 'cpu':  # other numbers of threads add in another order
        arguments['--threads'] = record.environment.threads
    flags = [text for flag, value in arguments.items() for text in (flag, str(value))]
    random_weights = record.pretrained is not None and record.pretrained.file is None
    _python(folder, record, 'benchmark.run', *flags, *(['--without-pretrained'] if random_weights else []))
    records = folder / 'results' / 'records'
    done = [one for one in read_records(records) if one.status == 'done']
    if len(done) != 1:
        raise BenchmarkError(f'{path}: training it again left no result in {records}')
    again = done[0]
    if again.components != record.components:
        names = ', '.join(sorted(record.components))
        raise BenchmarkError(f'{path}: the components here are not those of the record (it has {names})')
    files = path.with_name(record.predictions), records / again.predictions
    alike = {one.fingerprint: one for one in (*pool, record) if _is_alike(one, record)}
    seeds = tuple(headline_nme(one) for one in alike.values())
    return Rerun(record, again, tuple(read_predictions(file) for file in files), seeds)


def _is_alike(one: Record, record: Record) -> bool:
    """Whether two records are of one experiment; older ones do not name it."""
    if one.status != 'done' or not one.metrics:
        return False
    if record.experiment is not None:
        return one.experiment == record.experiment
    return (one.name, one.recipe, one.config) == (record.name, record.recipe, record.config)


def _not_to_be_trained(record: Record) -> str | None:
    if record.status != 'done' or not record.metrics:
        return 'it has no result'
    if record.method is not None or record.environment is None:
        return 'it was not made by this benchmark'
    if record.seed is None:
        return 'its weights were trained elsewhere'
    if not _NAME.fullmatch(record.name):
        return f'{record.name!r} is no name of a configuration'
    fault = configuration_fault(record.config, record.components)
    return fault and f'config: {fault}'


def _data(path: Path, record: Record, folder: Path, data_root: Path | None, say: Callable[[str], None]) -> Path:
    """Folder of prepared data that are those of the record."""
    benchmark = get_benchmark(record.benchmark)
    if data_root is not None and (data_root / benchmark.name / 'manifest.json').is_file():
        found = read_manifest(data_root, benchmark.name).fingerprint
        if found == record.dataset.fingerprint:
            return data_root
        if not benchmark.synthetic:
            raise BenchmarkError(
                f'{path}: cannot be trained again: {data_root / benchmark.name} holds other data than it was trained on'
            )
    if not benchmark.synthetic:
        raise BenchmarkError(
            f'{path}: cannot be trained again without its data (prepare {benchmark.name}, and name the folder with '
            '--data-root)'
        )
    sizes = '--train-images', str(record.dataset.train_images), '--test-images', str(record.dataset.test_images)
    say(f'{benchmark.name}: drawing its faces again')
    drawn = folder / 'data'
    _python(folder, record, 'benchmark.prepare', benchmark.name, *sizes, '--data-root', str(drawn.resolve()))
    if read_manifest(drawn, benchmark.name).fingerprint != record.dataset.fingerprint:
        raise BenchmarkError(
            f'{path}: cannot be trained again: its data are not {benchmark.name} as it is drawn here '
            '(another seed or version; name the folder that has them with --data-root)'
        )
    return drawn


def _python(folder: Path, record: Record, module: str, *arguments: str) -> None:
    """Run a module of this package, in a folder, on as many threads as the record had.

    Raises:
        BenchmarkError: it fails; its last line, and where the rest is.
    """
    paths = [str(ROOT), str(Path.cwd()), *filter(None, os.environ.get('PYTHONPATH', '').split(os.pathsep))]
    environment = {
        **os.environ,
        'PYTHONPATH': os.pathsep.join(dict.fromkeys(paths)),
        'OMP_NUM_THREADS': str(record.environment.threads),
    }
    folder.mkdir(parents=True, exist_ok=True)
    log = folder / f'{module}.log'
    with log.open('wb') as output:
        command = [sys.executable, '-m', module, *arguments]
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=output, stderr=output)
        try:
            status = process.wait()
        except KeyboardInterrupt:
            _stop(process)
            raise
    if status:
        said = [line for line in log.read_text(errors='replace').splitlines() if line.startswith('error: ')]
        what = said[0].removeprefix('error: ') if said else f'{module} ended with status {status}'
        raise BenchmarkError(f'{record.name} seed {record.seed}: {what} (log: {log})')


def _stop(process: subprocess.Popen) -> None:
    """Have a command end the processes that it has started, and end."""
    process.terminate()
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
