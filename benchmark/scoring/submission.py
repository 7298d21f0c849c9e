"""A record of scored predictions: what a person says of them, and the row of a leaderboard that they become."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from benchmark.analysis.audit.texts import path_in
from benchmark.errors import BenchmarkError, UsageError
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.records.parts import Dataset
from benchmark.records.predictions import save_predictions, summarize
from benchmark.records.record import Record, write_record
from benchmark.scoring.scored import Score
from benchmark.verification.records import Verified, verify_records

RECORDS = 'records'
_NAME = re.compile(r'[A-Za-z0-9][A-Za-z0-9._-]{0,99}', re.ASCII)
# As configurations of this project are called: what it is, batch size and epochs, data set and size of the input.
_CONFIGURATION = re.compile(r'[^_]+_[^_]+_(?:\d+x)?\d+b-\d+e_[^_]+-\d+x\d+', re.ASCII)


@dataclass(frozen=True)
class Answers:
    """What predictions do not tell of themselves.

    Attributes:
        method: the method's name in print.
        loss: short name of its loss.
        network: short name of its network.
        input_size: width and height of the network's input, pixels.
        box: how the face box is obtained and padded.
        weights: which weights were tested, e.g. 'last epoch'.
        seed: seed of the training; None where it is not known.
        source: where the code is to be found, at a fixed version.
        train_images: number of training images.
        recipe: text that rows have in common which differ in their loss alone; None: what is said here but the loss.
    """

    method: str
    loss: str
    network: str
    input_size: tuple[int, int]
    box: str
    weights: str
    seed: int | None
    source: str
    train_images: int
    recipe: str | None = None

    def setting(self) -> str:
        """Everything but the seed, as Python text: what the ``config`` of the record holds."""
        lines = ['# Not trained by this benchmark: what was said of it when its predictions were scored.']
        lines += [f'{name} = {value!r}' for name, value in vars(self).items() if name != 'seed' and value is not None]
        return '\n'.join(lines) + '\n'


def check_name(name: str) -> str:
    """The name of a row, as it is.

    Raises:
        UsageError: no file can be called so, or configurations of this project are.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(f"'{name}' is no name of a row (take letters, digits, '.', '_' and '-', at most 100)")
    if _CONFIGURATION.fullmatch(name):
        raise UsageError(f"'{name}' is called as a configuration of this project, whose row it is not (choose another)")
    return name


def make_record(name: str, score: Score, answers: Answers) -> Record:
    """The record of a score, without cost, surroundings and training curve, which nobody measured.

    Args:
        name: of the row; its seeds have it in common.
        score: the predictions with their errors.
        answers: what is said of them.
    """
    benchmark, data, setting = score.truth.benchmark, score.truth.manifest, answers.setting()
    common = (answers.method, answers.network, answers.input_size, answers.box, answers.train_images, answers.weights)
    predictions = score.predictions
    # Rows of one recipe are compared image by image, and so have to be of the same ones.
    tested = data.fingerprint, predictions.image_ids.tolist()
    recipe = _sha256(*tested, *(common if answers.recipe is None else [answers.recipe]))
    experiment = _sha256(*tested, name, setting)
    fingerprint = _sha256(experiment, answers.seed, predictions.keypoints.tobytes())
    sizes = dict(zip(benchmark.subsets, score.truth.subsets.sum(axis=0).tolist(), strict=True))
    missing = 0
    if benchmark.subset_sizes:
        untrained = max(0, benchmark.train_size - answers.train_images)
        missing = untrained + max(0, benchmark.subset_sizes['full'] - sizes['full'])
    record = Record(
        name=check_name(name),
        seed=answers.seed,
        benchmark=benchmark.name,
        status='done',
        fingerprint=fingerprint,
        experiment=experiment,
        recipe=recipe,
        method=answers.method,
        loss=answers.loss,
        backbone=answers.network,
        input_size=answers.input_size,
        config=setting,
        source=answers.source,
        checkpoint_rule=answers.weights,
        box=answers.box,
        dataset=Dataset(
            fingerprint=data.fingerprint,
            complete=score.limit is None and not missing and not score.left_out,
            train_images=answers.train_images,
            test_images=sizes['full'],
            subset_images=sizes,
            missing=missing,
        ),
        metrics=summarize(predictions, benchmark),
        created=datetime.now(timezone.utc).isoformat(timespec='seconds'),
    )
    return record.model_copy(update={'predictions': f'{Path(record.file_name).stem}.npz'})


def submit(
    name: str, score: Score, answers: Answers, results: Path, published: Path, data_root: Path | None = None
) -> tuple[Path, Verified]:
    """Write record and predictions into ``results/records``, unless verifying them finds a fault.

    Args:
        name: of the row.
        score: the predictions with their errors.
        answers: what is said of them.
        results: folder of one's own results.
        published: folder of the published ones; both are what it is compared with.
        data_root: folder of prepared data, to compare every distance with the truth once more.

    Returns:
        Path of the record, and what verifying it has found.

    Raises:
        UsageError: no file can be called so.
        BenchmarkError: it has a fault, by itself or beside those that are there, or the folder cannot be written.
    """
    record = make_record(name, score, answers)
    with tempfile.TemporaryDirectory() as folder:
        path = _write(record, score, Path(folder))
        (verified,) = verify_records([path], [results, published], data_root)
    if verified.refused:
        fault = verified.findings[0].text.replace(f'{path.parent}/', '')
        raise BenchmarkError(f'nothing was written: {fault}')
    return _write(record, score, results), verified


def _write(record: Record, score: Score, folder: Path) -> Path:
    save_predictions(score.predictions, folder / RECORDS / record.predictions)
    return write_record(record, folder / RECORDS)


def _sha256(*parts: object) -> str:
    digest = hashlib.sha256()
    for part in parts:
        content = part if isinstance(part, bytes) else repr(part).encode()
        digest.update(len(content).to_bytes(8, 'big') + content)
    return digest.hexdigest()


QUESTIONS: Mapping[str, str] = {
    'method': "name of the method in print, e.g. 'SLPT'",
    'loss': "short name of its loss, e.g. 'Wing' (rows with another loss and all else equal are compared)",
    'network': "short name of its network, e.g. 'ResNet-50'",
    'input_size': "size of the network's input in pixels, e.g. 256x256",
    'box': "how the face box is obtained, e.g. 'landmark bounding box x 1.25'",
    'weights': "which weights were tested, e.g. 'last epoch' or 'best on test'",
    'seed': 'seed of the training, a number, or none where it is not known',
    'source': 'where the code is and at which version, e.g. a repository with a commit',
    'train_images': 'number of training images, e.g. 3148',
}


def parse_answer(key: str, text: str, benchmark: str) -> object:
    """What somebody answered to one of :data:`QUESTIONS`, of a row of a benchmark.

    Raises:
        UsageError: it is no answer to that question.
    """
    text = text.strip()
    if key == 'input_size':
        found = re.fullmatch(r'(\d{1,5})(?:\s*[x,\u00d7 ]\s*(\d{1,5}))?', text, re.ASCII)
        size = (int(found[1]), int(found[2] or found[1])) if found else (0, 0)
        if min(size) < 1:
            raise UsageError(f"input size '{text[:40]}' is none (write width x height, as 256x256)")
        return size
    if key == 'seed':
        if text.casefold() == 'none':
            return None
        if not re.fullmatch(r'\d{1,9}', text, re.ASCII):
            raise UsageError(f"seed '{text[:40]}' is no whole number from 0, nor none")
        return int(text)
    if key == 'train_images':
        if not re.fullmatch(r'[1-9]\d{0,8}', text, re.ASCII):
            raise UsageError(f"training images: '{text[:40]}' is no number from 1")
        rules = get_benchmark(benchmark)
        if rules.train_size is not None and int(text) > rules.train_size:
            raise UsageError(
                f'training images: {text} is more than the {rules.train_size} of {rules.title} (say how many of these; '
                'what else was trained on belongs into the method)'
            )
        return int(text)
    if not text or not text.isprintable() or len(text) > 500:
        raise UsageError(f'{key}: one line of text is needed ({QUESTIONS.get(key, key)})')
    if key == 'source' and path_in(text):
        raise UsageError(f"source: '{text[:60]}' is a path of one machine (give address and commit of a repository)")
    return text
