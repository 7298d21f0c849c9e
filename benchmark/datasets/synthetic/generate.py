"""The synthetic benchmarks: rendered faces in the prepared form.

A face depends on the seed, the benchmark, the split and its index alone, so neither the number of faces nor their order
changes it, and no test face can be a training face.
"""

from __future__ import annotations

import os
import shutil
import signal
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.datasets.drawing import Drawing
from benchmark.datasets.prepared import Manifest, find_prepared, write_prepared
from benchmark.datasets.source import pixel_digest
from benchmark.datasets.synthetic.render import IMAGE_SIZE, RenderedFace, render_face
from benchmark.datasets.synthetic.renewal import FIRST_SETTINGS
from benchmark.datasets.synthetic.sampling import CONDITIONS, sample_parameters
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import get_benchmark

SPLITS = ('train', 'test')
_FACES_PER_PROCESS = 100

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


def draw_face(benchmark: str, split: str, index: int, seed: int = 0) -> DrawnFace:
    """Draw one face of a synthetic benchmark.

    Args:
        benchmark: 'synthetic-29', 'synthetic-68' or 'synthetic-98'.
        split: 'train' or 'test'.
        index: which face of the split, from 0.
        seed: seed of the whole benchmark, not negative.
    """
    layout = get_benchmark(benchmark).layout
    rng = np.random.default_rng([seed, layout.num_landmarks, SPLITS.index(split), index])
    conditions, subsets = _conditions(benchmark, index, rng)
    rendered = render_face(sample_parameters(rng, conditions), layout.name, rng)
    landmarks = rendered.landmarks
    return DrawnFace(rendered, landmarks.exact if split == 'test' else landmarks.annotate(rng), subsets)


def prepare_synthetic(
    data_root: Path, benchmark: str, train_images: int = 1500, test_images: int = 400, seed: int = 0
) -> Manifest:
    """Render a synthetic benchmark into the prepared form, unless it is there already.

    Args:
        data_root: folder of all prepared benchmarks; the images go to ``<data_root>/<benchmark>/images``.
        benchmark: 'synthetic-29', 'synthetic-68' or 'synthetic-98'.
        train_images: number of training faces.
        test_images: number of test faces.
        seed: seed of the whole benchmark, not negative.

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
    drawing = Drawing(seed)
    counts = dict(zip(SPLITS, (train_images, test_images), strict=True))
    manifest = find_prepared(data_root, benchmark)
    if (
        manifest is not None
        and (manifest.drawing, manifest.train_images, manifest.test_images) == (drawing, train_images, test_images)
        and _has_images(folder, counts)
    ):
        return manifest
    try:
        # Without its manifest a folder that is being filled is not taken for a prepared one.
        (folder / 'manifest.json').unlink(missing_ok=True)
        (folder / FIRST_SETTINGS).unlink(missing_ok=True)
        if (folder / 'images').exists():
            shutil.rmtree(folder / 'images')
        places = [(split, index) for split, count in counts.items() for index in range(count)]
        drawn = _write_faces(folder, benchmark, seed, places)
    except OSError as error:
        raise BenchmarkError(
            f'{benchmark}: cannot write {folder}: {error.strerror} '
            '(free space or choose another folder with --data-root)'
        ) from error
    faces, digests = zip(*drawn, strict=True)
    return write_prepared(
        data_root,
        benchmark,
        faces[:train_images],
        faces[train_images:],
        Path('images'),
        drawing=drawing,
        digests={face.image: digest for face, digest in zip(faces, digests, strict=True)},
    )


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


def _write_faces(folder: Path, benchmark: str, seed: int, places: list[tuple[str, int]]) -> list[tuple[Face, bytes]]:
    """Draw faces, in as many processes as pay for their start; returns them with the digests of their images."""
    for split in SPLITS:
        (folder / 'images' / split).mkdir(parents=True, exist_ok=True)
    write = partial(_write_face, folder, benchmark, seed)
    processes = min(os.cpu_count() or 1, len(places) // _FACES_PER_PROCESS)
    if processes < 2:
        return [write(place) for place in places]
    # Ctrl-C is for this process, which then ends the others.
    ignore = {'initializer': signal.signal, 'initargs': (signal.SIGINT, signal.SIG_IGN)}
    with ProcessPoolExecutor(processes, mp_context=get_context('spawn'), **ignore) as pool:
        return list(pool.map(write, places, chunksize=20))


def _write_face(folder: Path, benchmark: str, seed: int, place: tuple[str, int]) -> tuple[Face, bytes]:
    split, index = place
    drawn = draw_face(benchmark, split, index, seed)
    name = _image_name(split, index)
    path = folder / 'images' / name
    done, content = cv2.imencode('.png', drawn.rendered.image)
    if not done:
        raise RuntimeError('OpenCV cannot encode PNG')
    path.write_bytes(content.tobytes())
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


def _has_images(folder: Path, counts: dict[str, int]) -> bool:
    return all(
        (folder / 'images' / _image_name(split, index)).is_file() for split in counts for index in range(counts[split])
    )
