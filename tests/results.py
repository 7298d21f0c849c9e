"""Reports folders filled with plausible random results."""

from __future__ import annotations

import dataclasses
import hashlib
import html
import json
import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from benchmark.analysis.audit.predictions import normalizer_fault
from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import Section, make_sections
from benchmark.analysis.store import Store
from benchmark.protocol import test_sets
from benchmark.protocol.benchmarks import BENCHMARKS, Benchmark
from benchmark.protocol.face_boxes import BOX_KINDS
from benchmark.protocol.layouts import Layout
from benchmark.records.parts import Boxes, Cost, Dataset, Environment, Epoch
from benchmark.records.predictions import Predictions, save_predictions, summarize
from benchmark.records.record import SEALED_SINCE, Record, write_record
from benchmark.records.seal import file_sha256, fingerprint_of, seal_of
from benchmark.site.tables import Table

# As the published images are called. Those of 300W are not made up so easily: the fixture says what to take for them.
_NAMES = {'cofw': '{:04d}.png', 'wflw': '1--Handshaking/1_Handshaking_{}.jpg', '300w': 'ibug/face_{:03d}.jpg'}


def _sha(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()


def boxes_from(kind: str) -> dict[str, object]:
    """What a record says that was tested in face boxes of a file."""
    boxes = Boxes(kind=kind, file='boxes.tsv', sha256=_sha(kind))
    return {'boxes': boxes, 'box': f'{BOX_KINDS[kind].box} x 1, official crop'}


def edit_record(path: Path, **changes: object) -> None:
    """Change keys of a record and seal it again, as somebody does who knows how."""
    content = json.loads(path.read_text()) | changes
    if content.get('predictions') and content['schema_version'] >= SEALED_SINCE:
        predictions = path.with_name(content['predictions'])
        content['predictions_sha256'] = file_sha256(predictions) if predictions.is_file() else None
    if content['schema_version'] >= SEALED_SINCE:
        content['seal'] = seal_of(content)
    path.write_text(json.dumps(content, indent=1))


def _name(benchmark: Benchmark, images: int) -> str:
    """How images are called; those of a part of 300W otherwise, since its list knows the distances of each."""
    name = _NAMES.get(benchmark.name, 'faces/{:05d}.png')
    part = benchmark.name == '300w' and images != benchmark.subset_sizes['full']
    return name.replace('face_', f'face_of_{images}_') if part else name


def _ambiguity(rng: np.random.Generator, angles: np.ndarray, ratio: float) -> np.ndarray:
    """Covariances (xx, xy, yy) of eigenvalues ``ratio`` and 1 with the major axis at ``angles``."""
    c, s = np.cos(angles), np.sin(angles)
    return np.stack([ratio * c * c + s * s, (ratio - 1) * c * s, ratio * s * s + c * c], axis=-1).astype(np.float32)


def _place_eyes(truth: np.ndarray, layout: Layout, inter_ocular: np.ndarray, inter_pupil: np.ndarray) -> None:
    """Move the landmarks of the eyes (N, K, 2) to where they have these normalizing distances."""
    corners = []
    for ends, distance in ((layout.inter_ocular, inter_ocular), (layout.inter_pupil, inter_pupil)):
        for side, end in zip((-0.5, 0.5), ends, strict=True):
            wanted = np.stack([128 + side * distance, np.full(len(distance), 100.0)], axis=-1)
            free = [index for index in end if index not in corners]
            missing = wanted - truth[:, list(end)].mean(axis=1)
            truth[:, free] += (missing * len(end) / len(free))[:, None]
            corners += free


def _absent(benchmark: Benchmark, trained: int, predictions: Predictions) -> int:
    tested = len(predictions.image_ids)
    return max(0, benchmark.train_size - trained) + max(0, benchmark.subset_sizes['full'] - tested)


class Factory:
    """Writes records and predictions into a reports folder; those of two makers are as unlike as two trainings."""

    def __init__(self, reports: Path, maker: str = '') -> None:
        self.reports, self.maker = reports, maker

    def predictions(
        self,
        benchmark: str,
        loss: str,
        seed: int,
        sizes: dict[str, int],
        error: float,
        landmarks: int | None = None,
        row: tuple = (),
    ) -> Predictions:
        definition = BENCHMARKS[benchmark]
        images, k = sizes['full'], landmarks or definition.layout.num_landmarks
        shared = np.random.default_rng(int(_sha(benchmark, images)[:8], 16))
        hardness = np.exp(shared.normal(0, 0.35, images))
        inter_ocular = shared.uniform(90, 150, images).astype(np.float32)
        truth = shared.uniform(20, 236, (images, k, 2))
        inter_pupil = (inter_ocular / 1.42).astype(np.float32)
        if k == definition.layout.num_landmarks:
            _place_eyes(truth, definition.layout, inter_ocular, inter_pupil)
        axes = shared.uniform(0, np.pi, (images, k))
        parts = [*row, self.maker] if self.maker else row
        rng = np.random.default_rng(int(_sha(benchmark, loss, seed, *parts)[:8], 16))
        distances = error * (hardness * inter_ocular)[:, None] * rng.gamma(4, 0.25, (images, k))
        subsets = np.zeros((images, len(definition.subsets)), dtype=bool)
        subsets[:, 0] = True
        start = 0
        for column, name in enumerate(definition.subsets[1:], 1):
            size = sizes.get(name, images // 4)
            subsets[np.arange(start, start + size) % images, column] = True
            start += size
        if definition.partition:
            subsets[:, 1] = ~subsets[:, 2]
        spread = 0.35 if loss.startswith('STAR') else 0.8
        covariances = _ambiguity(rng, axes + rng.normal(0, spread, axes.shape), 5.0)
        errors = rng.normal(0, 2, truth.shape)
        errors *= (distances / np.linalg.norm(errors, axis=-1))[..., None]
        return Predictions(
            image_ids=np.array([_name(definition, images).format(i + 1) for i in range(images)]),
            subset_names=np.array(definition.subsets),
            subsets=subsets,
            keypoints=(truth + errors).astype(np.float32),
            distances=distances.astype(np.float32),
            inter_ocular=inter_ocular,
            inter_pupil=inter_pupil,
            covariances=covariances,
            ambiguity=_ambiguity(rng, axes, 9.0) if definition.synthetic else None,
        )

    def add(
        self,
        benchmark: str = '300w',
        loss: str = 'STAR',
        seed: int = 0,
        *,
        status: str = 'done',
        reason: str | None = None,
        network: str = 'ResNet-18',
        input_size: tuple[int, int] = (256, 256),
        name: str | None = None,
        recipe: str = 'a',
        sizes: dict[str, int] | None = None,
        train_images: int | None = None,
        error: float | None = None,
        epochs: int = 60,
        created: str = '2026-11-24T10:00:00Z',
        predictions: Predictions | None = None,
        version: str = '1',
        config: str = '',
        method: str | None = None,
        curve: tuple[Epoch, ...] = (),
        device: str = 'cuda',
        environment: dict | None = None,
        pixels: str | None = None,
        **keys: object,
    ) -> Record:
        """Write one record, with predictions if it is done; ``keys`` are further ones of the record."""
        definition = BENCHMARKS[benchmark]
        usual = (None, 'ResNet-18', (256, 256), 'a')
        row = () if (name, network, input_size, recipe) == usual else (name, network, input_size, recipe)
        name = (
            name or f'{benchmark}_{network.lower()}_{loss.lower().replace("/", "").replace("<", "").replace(">", "")}'
        )
        fingerprint = _sha(benchmark, name, loss, seed, network, recipe, sizes, version)
        if keys.get('experiment') and not method:
            fingerprint = fingerprint_of(keys['experiment'], seed)
        sizes = sizes or dict(definition.subset_sizes) or {'full': 400}
        record = Record(
            name=name,
            seed=seed,
            benchmark=benchmark,
            status=status,
            reason=reason,
            fingerprint=fingerprint,
            recipe=_sha(benchmark, network, recipe),
            loss=loss,
            backbone=network,
            input_size=input_size,
            config=f'loss = {loss!r}\nversion = {version!r}\n{config}',
            created=created,
            method=method,
            curve=curve,
            **keys,
        )
        if status != 'done':
            write_record(record, self.reports / 'records')
            return record
        if predictions is None:
            error = error or (0.040 if loss.startswith('STAR') else 0.042)
            predictions = self.predictions(benchmark, loss, seed, sizes, error, row=row)
        elif len(predictions.image_ids) and normalizer_fault(predictions, definition):
            # Distances that a test has made up: the landmarks of the eyes are put where they can be so.
            keypoints = predictions.keypoints.astype(np.float64)
            _place_eyes(keypoints, definition.layout, predictions.inter_ocular, predictions.inter_pupil)
            predictions = dataclasses.replace(predictions, keypoints=keypoints.astype(np.float32))
        trained = train_images or definition.train_size or 2000
        complete = sizes == dict(definition.subset_sizes) and trained == definition.train_size
        stem = Path(record.file_name).stem
        record = record.model_copy(
            update={
                'parameters': 11_704_420,
                'checkpoint_rule': 'last epoch, EMA',
                'box': 'landmark box, padding 1.25',
                'predictions': f'{stem}.npz',
                'dataset': Dataset(
                    fingerprint=_sha(benchmark, 'data', sizes, predictions.inter_ocular.tobytes()),
                    complete=complete or definition.synthetic,
                    train_images=trained,
                    test_images=len(predictions.image_ids),
                    subset_images=dict(zip(definition.subsets, predictions.subsets.sum(axis=0).tolist(), strict=True)),
                    missing=0 if definition.synthetic else _absent(definition, trained, predictions),
                    pixels=pixels,
                ),
                'metrics': summarize(predictions, definition) if len(predictions.image_ids) else (),
                'cost': Cost(
                    epochs=len(curve) or epochs,
                    train_seconds=sum(epoch.seconds for epoch in curve) or 5025.0 + 60 * seed,
                    train_images_per_second=trained / curve[-1].seconds if curve else 412.5,
                    test_seconds=8.2,
                    peak_memory_mib=2310.0,
                ),
                'environment': Environment(
                    device=device,
                    device_name='NVIDIA H100 80GB HBM3',
                    driver='570.86',
                    threads=4,
                    precision='float32',
                    python='3.12.7',
                    packages={'torch': '2.9.0', 'mmpose': '1.3.2', 'numpy': '1.26.4'},
                    git_commit='0123456789abcdef0123456789abcdef01234567',
                    git_dirty=False,
                ).model_copy(update=environment or {}),
            }
        )
        save_predictions(predictions, self.reports / 'records' / f'{stem}.npz')
        write_record(record, self.reports / 'records')
        return record


@pytest.fixture
def factory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Factory:
    made = Factory(tmp_path / 'reports')
    whole = made.predictions('300w', 'any', 0, BENCHMARKS['300w'].subset_sizes, 0.04)
    images = whole.image_ids, whole.subset_names, whole.subsets, whole.inter_ocular, whole.inter_pupil
    monkeypatch.setattr(test_sets, 'FOLDER', tmp_path / 'test-sets')
    test_sets.FOLDER.mkdir()
    (test_sets.FOLDER / '300w.csv').write_text(test_sets.make_list('300w', *images))
    return made


@pytest.fixture
def own(factory: Factory) -> Factory:
    """Writes own results, beside which those of ``factory`` are the published ones."""
    return Factory(factory.reports.with_name('results'), 'own')


@pytest.fixture
def both(factory: Factory, own: Factory) -> Callable[[], list[Section]]:
    """Benchmarks of own and published results as their records are when this is called."""
    return lambda: make_sections(read_runs([own.reports, factory.reports], Store()))


@pytest.fixture
def sections(factory: Factory) -> Callable[[], list[Section]]:
    """Benchmarks of the factory's folder as its records are when this is called."""
    return lambda: make_sections(read_runs([factory.reports], Store()))


def _fill(factory: Factory) -> Factory:
    partial = {'full': 562, 'common': 554, 'challenge': 8}
    for loss in ('smooth-L1', 'STAR'):
        factory.add('300w', loss, sizes=partial, train_images=2012)
        for seed in range(3):
            factory.add('synthetic-68', loss, seed)
        factory.add('synthetic-98', loss, error=0.05)
    factory.add('300w', 'STAR', status='failed', reason='loss is NaN in epoch 3', network='Hourglass (4 stacks, AAM)')
    factory.add('wflw', 'smooth-L1', status='no-data', reason='no prepared data in data/wflw')
    factory.add('wflw', 'STAR', status='no-data', reason='no prepared data in data/wflw')
    factory.add('synthetic-29', 'smooth-L1', status='not-run', reason='time limit reached')
    factory.add('synthetic-29', 'STAR', status='not-run', reason='time limit reached')
    factory.add('synthetic-98', '<script>alert(1)</script>', name='hostile|name', recipe='b', network='Net|<b>_x_')
    return factory


@pytest.fixture(scope='session')
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A reports folder with several benchmarks, losses, seeds and statuses; tests only read it."""
    return _fill(Factory(tmp_path_factory.mktemp('filled') / 'reports')).reports


@pytest.fixture(scope='session')
def read_markdown() -> Callable[[str], dict[str, list[dict[str, str]]]]:
    """Tables of a Markdown text by caption, each line as a mapping from heading to cell; escapes undone."""

    def plain(text: str) -> str:
        return html.unescape(re.sub(r'\\(.)', r'\1', text)).strip()

    def cells(line: str) -> list[str]:
        parts = re.split(r'(?<!\\)\|', line)[1:-1]
        return [plain(part) for part in parts]

    def read(text: str) -> dict[str, list[dict[str, str]]]:
        tables = {}
        for caption, block in re.findall(r'^\*\*(.+)\*\*\n\n((?:\|.*\n)+)', text, flags=re.MULTILINE):
            heading, _, *lines = map(cells, block.splitlines())
            assert all(len(line) == len(heading) for line in lines), caption
            tables[plain(caption)] = [dict(zip(heading, line, strict=True)) for line in lines]
        return tables

    return read


@pytest.fixture
def predictions() -> Predictions:
    rng = np.random.default_rng(0)
    return Predictions(
        image_ids=np.array(['a.png', 'b.png', 'c.png']),
        subset_names=np.array(['full', 'common', 'challenge']),
        subsets=np.array([[True, True, False], [True, True, False], [True, False, True]]),
        keypoints=rng.uniform(0, 64, (3, 68, 2)).astype(np.float32),
        distances=rng.uniform(0, 4, (3, 68)).astype(np.float32),
        inter_ocular=np.array([30, 40, 50], dtype=np.float32),
        inter_pupil=np.array([20, 30, 40], dtype=np.float32),
    )


def table_records(table: Table) -> list[dict[str, str]]:
    """Lines of a table as mappings from heading to text."""
    labels = [f'{column.group} {column.label}'.strip() for column in table.columns]
    return [
        dict(zip(labels, (cell.text for cell in line.cells), strict=True)) for body in table.bodies for line in body
    ]
