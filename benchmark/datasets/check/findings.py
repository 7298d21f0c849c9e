"""What looking through prepared data can find, and the report on it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

# Where prepared data are not what they were, or cannot be read: training on them fails or gives other numbers.
DAMAGE: Mapping[str, str] = {
    'annotation-file': 'an annotation file is absent, damaged, or changed since it was prepared',
    'count': 'not as many faces as the manifest says',
    'fingerprint': 'images or annotations have changed since they were prepared',
    'missing-image': 'an image is absent',
    'corrupt-image': 'an image cannot be decoded to its end',
    'image-size': 'an image is not as large as its annotation says',
}
# Where an annotation may be wrong, or a face occurs twice: for a person to look at. Real datasets have some of these.
LANDMARKS: Mapping[str, str] = {
    'mirrored': 'left and right are exchanged',
    'upside-down': 'the eyes are below the mouth',
    'unusual-shape': 'the landmarks do not make a face',
    'swapped': "two landmarks, or more, have each other's places",
    'outlying-landmark': 'a landmark is far from where the others put it',
    'outside-image': 'a landmark is far outside its image',
    'outside-box': 'a landmark is far outside the given face box',
    'tiny-face': 'too few pixels to tell landmarks apart',
}
COPIES: Mapping[str, str] = {
    'train-test-duplicate': 'a test face is a training face too',
    'duplicate': 'a face occurs twice in a split, in two images',
    'repeated-annotation': 'a face is annotated twice in one image',
    'shared-image': 'the image of a test face has other faces in the training split',
}
SUSPICION: Mapping[str, str] = {**LANDMARKS, **COPIES}
KINDS: Mapping[str, str] = {**DAMAGE, **SUSPICION}


@dataclass(frozen=True)
class Finding:
    """One thing found.

    Attributes:
        kind: one of :data:`KINDS`.
        detail: what exactly, with its numbers; one line.
        split: 'train' or 'test', None where both are concerned.
        face: which face of the split, from 0; None where no face is concerned.
        image: path of the image relative to the image root, or of another file relative to the prepared folder.
        landmarks: indices of the landmarks that it is about; empty where it is about the face or a file.
    """

    kind: str
    detail: str
    split: str | None = None
    face: int | None = None
    image: str | None = None
    landmarks: tuple[int, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise ValueError(f'kind {self.kind!r} is none of {", ".join(KINDS)}')

    def __str__(self) -> str:
        place = self.split if self.face is None else f'{self.split} {self.face}'
        return ': '.join(part for part in (place, self.image, self.kind, self.detail) if part is not None)


@dataclass(frozen=True)
class CheckReport:
    """What looking through prepared data gave.

    Attributes:
        benchmark: name of the benchmark.
        images: number of image files looked at.
        faces: number of faces looked at.
        findings: everything found: what concerns a whole file first, then by split, face and kind.
        sheets: contact sheets that were drawn, each with a list of its faces beside it (the same name with .txt).
        drawn: number of faces on them.
    """

    benchmark: str
    images: int
    faces: int
    findings: tuple[Finding, ...]
    sheets: tuple[Path, ...] = ()
    drawn: int = 0

    @property
    def damaged(self) -> bool:
        """Whether any finding is one of :data:`DAMAGE`."""
        return any(finding.kind in DAMAGE for finding in self.findings)

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings of each kind that was found, in the order of :data:`KINDS`."""
        counted = Counter(finding.kind for finding in self.findings)
        return {kind: counted[kind] for kind in KINDS if kind in counted}

    def lines(self) -> list[str]:
        """One line for each finding: benchmark, split and face, image, kind, numbers."""
        return [f'{self.benchmark}: {finding}' for finding in self.findings]

    def summary(self) -> list[str]:
        """What to say at the end: how much was looked at, how much was found, and where the sheets are."""
        found = ', '.join(f'{count} {kind}' for kind, count in self.counts.items()) or 'nothing found'
        lines = [f'{self.benchmark}: looked at {self.faces} faces in {self.images} images: {found}']
        if self.sheets:
            span = f'{self.sheets[0]} to {self.sheets[-1].name}' if len(self.sheets) > 1 else f'{self.sheets[0]}'
            which = 'all faces' if self.drawn == self.faces else f'the {self.drawn} most suspicious faces'
            lines.append(f'{self.benchmark}: {which} are drawn in {span}')
        return lines

    def to_json(self) -> str:
        """The report as JSON."""
        content = {
            'benchmark': self.benchmark,
            'images': self.images,
            'faces': self.faces,
            'damaged': self.damaged,
            'counts': self.counts,
            'findings': [asdict(finding) for finding in self.findings],
            'sheets': [str(sheet) for sheet in self.sheets],
            'drawn': self.drawn,
        }
        return json.dumps(content, indent=1) + '\n'
