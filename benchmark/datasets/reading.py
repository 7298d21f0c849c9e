"""What reading an original dataset gave: its faces, and everything that is wrong with it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmark.datasets.annotations import Face, outside_image
from benchmark.protocol.benchmarks import Benchmark

LEAST_AGREEMENT = 0.3  # intersection over union; half of 206 WFLW faces have more than 0.7, none less than 0.5


@dataclass(frozen=True, eq=False)
class FoundFace:
    """A usable face of an original dataset.

    Attributes:
        split: 'train' or 'test'.
        name: where the face is annotated, for messages.
        path: absolute path of its image.
        digest: the image's digest.
        face: the face; its ``image`` is not set yet.
    """

    split: str
    name: str
    path: Path
    digest: bytes
    face: Face


@dataclass
class Reading:
    """What reading an original dataset gave.

    Attributes:
        found: usable faces, in the order in which they are to be prepared.
        shortfalls: one sentence for each part that differs from the published benchmark.
        unusable: for each thing that cannot be used itself: what is wrong, and what to do.
        wrong: one sentence for each problem that makes the data ambiguous; ``--allow-incomplete`` does not accept them.
        notes: what was not read, or is unusual; one line each.
    """

    found: list[FoundFace] = field(default_factory=list)
    shortfalls: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def missing(self) -> tuple[str, ...]:
        """What ``--allow-incomplete`` accepts, one sentence each."""
        return (*self.shortfalls, *self.unusable)

    def problems(self, allow_incomplete: bool) -> list[str]:
        """What forbids preparing the data, one sentence each with what to do."""
        if allow_incomplete:
            return list(self.wrong)
        left_out = [f'{what} ({fix}, or leave it out with --allow-incomplete)' for what, fix in self.unusable.items()]
        return [*self.wrong, *self.shortfalls, *left_out]

    def expect(self, part: str, count: int, published: int, unit: str) -> None:
        """Compare the size of a part with the published one."""
        if count > published:
            self.wrong.append(f'{part} has {count} {unit}, published {published} (remove the others)')
        elif count < published:
            self.shortfalls.append(f'{part} has {count} {unit}, published {published} ({published - count} missing)')

    def expect_subsets(self, rules: Benchmark) -> None:
        """Compare the sizes of overlapping test subsets with the published ones."""
        sizes = Counter(subset for found in self.found if found.split == 'test' for subset in found.face.subsets)
        for subset in rules.subsets[1:]:
            if sizes[subset] != rules.subset_sizes[subset]:
                self.shortfalls.append(
                    f'test subset {subset} has {sizes[subset]} faces, published {rules.subset_sizes[subset]}'
                )

    def leave_out_repeated(self) -> None:
        """Keep one of several faces that have the same image and the same landmarks."""
        first: dict[tuple[bytes, bytes], str] = {}
        kept = []
        for found in self.found:
            key = (found.digest, found.face.keypoints.tobytes())
            if key in first:
                self.unusable[f'{found.name}: the same image and landmarks as {first[key]}'] = 'remove one of them'
            else:
                first[key] = found.name
                kept.append(found)
        self.found = kept

    def outside(self) -> list[str]:
        """A line for each face with landmarks outside its image: whole faces first, then by number of landmarks."""
        lines = []
        for found in self.found:
            count, beside = outside_image(found.face)
            if count:
                which = 'the whole face: ' if beside else ''
                line = f'{found.name}: {which}{count} of {len(found.face.keypoints)} landmarks outside the image, kept'
                lines.append(((not beside, -count), line))
        return [line for _, line in sorted(lines, key=lambda pair: pair[0])]

    def faces(self, split: str, image_root: Path) -> list[Face]:
        """The faces of a split, with their images relative to a folder."""
        return [
            replace(found.face, image=found.path.relative_to(image_root).as_posix())
            for found in self.found
            if found.split == split
        ]

    def digests(self, image_root: Path) -> dict[str, bytes]:
        """Digest of each image, by its path relative to a folder."""
        return {found.path.relative_to(image_root).as_posix(): found.digest for found in self.found}


def boxes_disagree(keypoints: Sequence[NDArray[np.float64]], boxes: Sequence[NDArray[np.float64]]) -> bool:
    """Whether landmarks and given boxes belong to different faces, as after a mix-up of columns.

    Single boxes may be odd; the median intersection over union of the given box and the landmarks' box tells.

    Args:
        keypoints: (K, 2) each, pixels.
        boxes: (4,) each: left, top, right, bottom, pixels.
    """
    points = np.stack(keypoints)
    low, high = points.min(axis=1), points.max(axis=1)
    given = np.stack(boxes)
    common = np.clip(np.minimum(high, given[:, 2:]) - np.maximum(low, given[:, :2]), 0, None).prod(axis=1)
    areas = (high - low).prod(axis=1) + (given[:, 2:] - given[:, :2]).prod(axis=1)
    return bool(np.median(common / (areas - common)) < LEAST_AGREEMENT)
