"""Faces that occur more than once: equal files, or the same photograph encoded, scaled or cut out differently."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import cv2
import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.findings import Finding
from benchmark.datasets.check.images import TILE, Look
from benchmark.processes import available_cores

MOST_BITS = 36  # of 144 that may differ; another annotator's box changes about 20
LEAST_CORRELATION = 0.88  # of the details of two aligned tiles; two photographs of one person reach 0.85
SAME_PLACE = 0.5  # intersection over union of the landmarks' boxes
_BLOCK = 1024
_MARGIN = 4  # pixels of a tile that are not compared: the border may lie outside the image

Links = dict[int, dict[int, str]]


def find_duplicates(looks: Sequence[Look]) -> list[Finding]:
    """Find faces that occur more than once.

    Candidates by perceptual hash are aligned (affine, enhanced correlation coefficient: Evangelidis and Psarakis, PAMI
    2008) and must then agree in detail, brightness and contrast apart. Each face is reported once, beside one other
    that it equals: a test face beside a training face if it can be, any other beside an earlier face.

    Args:
        looks: all faces, training faces first.
    """
    links: Links = defaultdict(dict)
    findings = _link_same_file(looks, links)
    near = [pair for pair in _candidates(looks) if pair[1] not in links[pair[0]]]
    with ThreadPoolExecutor(available_cores()) as pool:
        compared = pool.map(lambda pair: _compare(looks, *pair), near)
        for (first, second, mirrored), correlation in zip(near, compared, strict=True):
            if correlation >= LEAST_CORRELATION:
                what = 'mirrored, correlation' if mirrored else 'correlation'
                _link(links, first, second, f'{what} {correlation:.2f}')
    for index, look in enumerate(looks):
        found = _report(looks, links, index, look)
        if found is not None:
            findings.append(found)
    return findings


def detail_correlation(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> float:
    """Correlation of the fine structure of two tiles after the second has been aligned with the first.

    Args:
        first: (64, 64) grey tile.
        second: another.

    Returns:
        In [-1, 1]; 0 where they cannot be aligned.

    >>> tile = np.random.default_rng(0).integers(0, 255, (64, 64), dtype=np.uint8)
    >>> round(detail_correlation(tile, tile), 3)
    1.0
    """
    first, second = first.astype(np.float32), second.astype(np.float32)
    warp = np.eye(2, 3, dtype=np.float32)
    stop = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 60, 1e-4)
    try:
        _, warp = cv2.findTransformECC(first, second, warp, cv2.MOTION_AFFINE, stop, None, 3)
    except cv2.error:  # no overlap, or no structure to align
        return 0.0
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    compared = cv2.warpAffine(np.ones_like(first), warp, first.shape[::-1], flags=flags) > 0.99
    inner = np.zeros_like(compared)
    inner[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN] = True
    compared &= inner
    aligned = cv2.warpAffine(second, warp, first.shape[::-1], flags=flags)
    if compared.sum() < TILE * TILE / 4:
        return 0.0
    a, b = (_details(tile)[compared] for tile in (first, aligned))
    a, b = a - a.mean(), b - b.mean()
    scale = float(np.sqrt((a * a).sum() * (b * b).sum()))
    return float((a * b).sum() / scale) if scale > 0 else 0.0


def overlap(first: Face, second: Face) -> float:
    """Intersection over union of the boxes of two faces' landmarks."""
    low = np.maximum(first.keypoints.min(axis=0), second.keypoints.min(axis=0))
    high = np.minimum(first.keypoints.max(axis=0), second.keypoints.max(axis=0))
    shared = np.prod(np.maximum(high - low, 0))
    areas = sum(float(np.prod(np.ptp(face.keypoints, axis=0))) for face in (first, second))
    return float(shared / (areas - shared))


def _details(tile: NDArray[np.float32]) -> NDArray[np.float32]:
    return tile - cv2.GaussianBlur(tile, (0, 0), 3)


def _link(links: Links, first: int, second: int, how: str) -> None:
    links[first].setdefault(second, how)
    links[second].setdefault(first, how)


def _link_same_file(looks: Sequence[Look], links: Links) -> list[Finding]:
    """Link faces at one place of equal image files; returns findings on other faces of such images."""
    by_digest: dict[bytes, list[int]] = defaultdict(list)
    for index, look in enumerate(looks):
        by_digest[look.digest].append(index)
    findings = []
    for members in by_digest.values():
        for place, second in enumerate(members):
            for first in members[:place]:
                if overlap(looks[first].face, looks[second].face) > SAME_PLACE:
                    _link(links, first, second, 'the same file')
            others = [index for index in members[:place] if looks[index].split == 'train']
            if looks[second].split == 'test' and others and not any(index in links[second] for index in others):
                detail = f'other faces of the image are in the training split: {_name(looks[others[0]])}'
                findings.append(_finding('shared-image', looks[second], detail))
    return findings


def _candidates(looks: Sequence[Look]) -> list[tuple[int, int, bool]]:
    """Pairs whose hashes are close, and whether the second is to be mirrored."""
    if not looks:
        return []
    plain, mirrored = (
        np.array([getattr(look, name) for look in looks], dtype=np.float32) * 2 - 1
        for name in ('bits', 'mirrored_bits')
    )
    pairs = []
    for start in range(0, len(looks), _BLOCK):
        block = plain[start : start + _BLOCK]
        for flipped, others in ((False, plain), (True, mirrored)):
            differing = (plain.shape[1] - block @ others.T) / 2
            for row, column in zip(*np.nonzero(differing <= MOST_BITS), strict=True):
                if start + row < column:
                    pairs.append((start + int(row), int(column), flipped))
    return sorted(pairs)


def _compare(looks: Sequence[Look], first: int, second: int, mirrored: bool) -> float:
    tile = looks[second].tile
    return detail_correlation(looks[first].tile, np.ascontiguousarray(tile[:, ::-1]) if mirrored else tile)


def _report(looks: Sequence[Look], links: Links, index: int, look: Look) -> Finding | None:
    linked = sorted(links.get(index, ()))
    training = [other for other in linked if looks[other].split == 'train']
    if look.split == 'test' and training:
        partner, kind = training[0], 'train-test-duplicate'
    elif linked and linked[0] < index:
        partner, kind = linked[0], 'duplicate'
        if looks[partner].face.image == look.face.image:
            kind = 'repeated-annotation'
    else:
        return None
    return _finding(kind, look, f'the same face as {_name(looks[partner])} ({links[index][partner]})')


def _name(look: Look) -> str:
    return f'{look.split} {look.index}, {look.face.image}'


def _finding(kind: str, look: Look, detail: str) -> Finding:
    return Finding(kind, detail, look.split, look.index, look.face.image)
