"""The synthetic benchmarks: rendered faces in the prepared form.

A face depends on the seed, the benchmark, the split and its index alone, so neither the number of faces nor their order
changes it, and no test face can be a training face.
"""

from __future__ import annotations

import os
import shutil
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.claims import sole
from benchmark.datasets.annotations import Face
from benchmark.datasets.drawing import Drawing, Noise
from benchmark.datasets.prepared import Manifest, find_prepared, write_prepared
from benchmark.datasets.source import pixel_digest
from benchmark.datasets.synthetic.render import IMAGE_SIZE, RenderedFace, render_face
from benchmark.datasets.synthetic.renewal import FIRST_SETTINGS
from benchmark.datasets.synthetic.sampling import CONDITIONS, sample_parameters
from benchmark.datasets.workspace import TEMPORARY
from benchmark.errors import BenchmarkError, cannot_write
from benchmark.processes import map_in_processes
from benchmark.protocol.benchmarks import get_benchmark

SPLITS = ('train', 'test')
TRAIN_IMAGES, TEST_IMAGES = 1500, 400  # of a benchmark, unless told otherwise
_WORTH_PROCESSES, _FACES_AT_ONCE = 200, 50

# Shares of the faces that meet a condition, besides those whose turn it is: one face of twelve for each condition of
# WFLW, so that no subset is empty. The totals are those of WFLW's test set.
_WFLW_SHARES = {'pose': 0.05, 'expression': 0.05, 'illumination': 0.2, 'make-up': 0.0, 'occlusion': 0.21, 'blur': 0.23}
_COFW_SHARES = {'pose': 0.08, 'expression': 0.1, 'illumination': 0.05, 'make-up': 0.03, 'occlusion': 0.6, 'blur': 0.03}
_CHALLENGE_EVERY = 5  # 300W: 135 of 689 test images are of the challenge set


@dataclass(frozen=True)
class DrawnFace:
    """A rendered face with its annotation.

    Attributes:
        rendered: image, exact landmarks and the covariance of the annotation noise.
        keypoints: (K, 2) annotated landmarks, pixels: exact in the test split, with annotation noise in the other.
        subsets: test subsets that the face belongs to, without 'full'.
    """

    rendered: RenderedFace
    keypoints: NDArray[np.float64]
    subsets: tuple[str, ...]


def draw_face(benchmark: str, split: str, index: int, seed: int = 0, noise: Noise | None = None) -> DrawnFace:
    """Draw one face of a synthetic benchmark.

    Args:
        benchmark: 'synthetic-29', 'synthetic-68' or 'synthetic-98'.
        split: 'train' or 'test'.
        index: which face of the split, from 0.
        seed: seed of the whole benchmark, not negative.
        noise: annotation noise of one size; None: that of real annotators. The picture does not depend on it.
    """
    layout = get_benchmark(benchmark).layout
    rng = np.random.default_rng([seed, layout.num_landmarks, SPLITS.index(split), index])
    conditions, subsets = _conditions(benchmark, index, rng)
    rendered = render_face(sample_parameters(rng, conditions), layout.name, rng, noise)
    landmarks = rendered.landmarks
    return DrawnFace(rendered, landmarks.exact if split == 'test' else landmarks.annotate(rng), subsets)


def prepare_synthetic(
    data_root: Path,
    benchmark: str,
    train_images: int = TRAIN_IMAGES,
    test_images: int = TEST_IMAGES,
    seed: int = 0,
    noise: Noise | None = None,
) -> Manifest:
    """Render a synthetic benchmark into the prepared form, unless it is there already.

    Where another process is drawing it, this one waits, and takes what that one has drawn. What was there before is
    replaced when all faces are drawn.

    Args:
        data_root: folder of all prepared benchmarks; the images go to ``<data_root>/<benchmark>/images``.
        benchmark: 'synthetic-29', 'synthetic-68' or 'synthetic-98'.
        train_images: number of training faces.
        test_images: number of test faces.
        seed: seed of the whole benchmark, not negative.
        noise: annotation noise of one size; None: that of real annotators.

    Raises:
        BenchmarkError: not a synthetic benchmark, too few images, a negative seed, or a folder that cannot be
            written to.
    """
    if not get_benchmark(benchmark).synthetic:
        raise BenchmarkError(f'{benchmark}: not a synthetic benchmark (use its own preparation with --source DIR)')
    if train_images < 1 or test_images < len(CONDITIONS):
        raise BenchmarkError(
            f'{benchmark}: {train_images} training and {test_images} test images are too few '
            f'(ask for at least 1 and {len(CONDITIONS)}, so that no test subset is empty)'
        )
    if seed < 0:
        raise BenchmarkError(f'{benchmark}: seed {seed} is negative (choose 0 or more)')
    folder = data_root / benchmark
    drawing = Drawing(seed, noise=noise)
    counts = dict(zip(SPLITS, (train_images, test_images), strict=True))
    there = partial(_drawn_already, data_root, benchmark, drawing, counts)
    try:
        with sole(folder / 'manifest.json', lambda: there() is not None) as mine:
            return _draw(data_root, benchmark, drawing, counts) if mine else there()
    except OSError as error:
        raise BenchmarkError(cannot_write(f'{benchmark}: cannot write {folder}', error, '--data-root')) from error
    finally:
        with suppress(OSError):  # it holds something, or is not there
            folder.rmdir()


def _drawn_already(data_root: Path, benchmark: str, drawing: Drawing, counts: dict[str, int]) -> Manifest | None:
    """The manifest of a benchmark that is drawn as it is asked for, with all its images."""
    manifest = find_prepared(data_root, benchmark)
    if manifest is None or manifest.drawing != drawing:
        return None
    if {'train': manifest.train_images, 'test': manifest.test_images} != counts:
        return None
    images = data_root / benchmark / 'images'
    present = all((images / _image_name(*place)).is_file() for place in _places(counts))
    return manifest if present else None


def _draw(data_root: Path, benchmark: str, drawing: Drawing, counts: dict[str, int]) -> Manifest:
    folder = data_root / benchmark
    images = folder / f'{TEMPORARY}images'
    shutil.rmtree(images, ignore_errors=True)  # of a preparation that was killed
    try:
        for split in SPLITS:
            (images / split).mkdir(parents=True)
        write = partial(_write_face, images, benchmark, drawing)
        drawn = map_in_processes(write, _places(counts), _WORTH_PROCESSES, chunk=_FACES_AT_ONCE)
        # Without its manifest a folder that is being changed is not taken for a prepared one.
        (folder / 'manifest.json').unlink(missing_ok=True)
        (folder / FIRST_SETTINGS).unlink(missing_ok=True)
        if (folder / 'images').exists():
            shutil.rmtree(folder / 'images')
        os.replace(images, folder / 'images')
    finally:
        shutil.rmtree(images, ignore_errors=True)
    faces, digests = zip(*drawn, strict=True)
    return write_prepared(
        data_root,
        benchmark,
        faces[: counts['train']],
        faces[counts['train'] :],
        Path('images'),
        drawing=drawing,
        digests={face.image: digest for face, digest in zip(faces, digests, strict=True)},
    )


def _places(counts: dict[str, int]) -> list[tuple[str, int]]:
    return [(split, index) for split in SPLITS for index in range(counts[split])]


def _conditions(benchmark: str, index: int, rng: np.random.Generator) -> tuple[frozenset[str], tuple[str, ...]]:
    """What is extreme about a face, and which test subsets that makes it a member of."""
    chances = rng.random(len(CONDITIONS))
    if benchmark == 'synthetic-68':
        if index % _CHALLENGE_EVERY != _CHALLENGE_EVERY - 1:
            return frozenset(), ('common',)
        hard = ('pose', 'occlusion', 'blur')
        first = hard[rng.integers(len(hard))]
        also = (name for name, chance in zip(hard, chances, strict=False) if chance < 0.2)
        return frozenset((first, *also)), ('challenge',)
    shares = _WFLW_SHARES if benchmark == 'synthetic-98' else _COFW_SHARES
    turn = index % 12 if benchmark == 'synthetic-98' else None
    met = tuple(name for place, name in enumerate(CONDITIONS) if place == turn or chances[place] < shares[name])
    return frozenset(met), met if benchmark == 'synthetic-98' else ()


def _write_face(folder: Path, benchmark: str, drawing: Drawing, place: tuple[str, int]) -> tuple[Face, bytes]:
    """Draw a face; returns it with the digest of its image."""
    split, index = place
    drawn = draw_face(benchmark, split, index, drawing.seed, drawing.noise)
    name = _image_name(split, index)
    done, content = cv2.imencode('.png', drawn.rendered.image)
    if not done:
        raise RuntimeError('OpenCV cannot encode PNG')
    (folder / name).write_bytes(content.tobytes())
    face = Face(
        image=name,
        width=IMAGE_SIZE,
        height=IMAGE_SIZE,
        keypoints=drawn.keypoints,
        subsets=drawn.subsets,
        occluded=drawn.rendered.occluded,
        ambiguity=drawn.rendered.landmarks.ambiguity,
    )
    return face, pixel_digest(drawn.rendered.image[..., ::-1])


def _image_name(split: str, index: int) -> str:
    return f'{split}/{index:05d}.png'
