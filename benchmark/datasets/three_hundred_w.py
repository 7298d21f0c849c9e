"""300W in its original layout: AFW, HELEN, LFPW and IBUG as folders of images with a .pts file beside each.

The split is the usual one (Ren et al., CVPR 2014, section 4): AFW and the training parts of LFPW and HELEN are for
training; the test parts of LFPW and HELEN are the 'common' and IBUG is the 'challenge' subset.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path

from benchmark.datasets.annotations import Face, check_face
from benchmark.datasets.prepared import Manifest, write_prepared
from benchmark.datasets.pts import parse_pts
from benchmark.datasets.source import SourceError, image_size, read_bytes
from benchmark.errors import BenchmarkError
from benchmark.protocol.layouts import LAYOUTS

IMAGE_SUFFIXES = ('.jpg', '.jpeg', '.png')
LAYOUT = LAYOUTS['300w']


@dataclass(frozen=True)
class Part:
    """One folder of the distribution: its path, number of images, split and test subsets."""

    folder: str
    published: int
    split: str
    subsets: tuple[str, ...] = ()


PARTS = (
    Part('afw', 337, 'train'),
    Part('lfpw/trainset', 811, 'train'),
    Part('helen/trainset', 2000, 'train'),
    Part('lfpw/testset', 224, 'test', ('common',)),
    Part('helen/testset', 330, 'test', ('common',)),
    Part('ibug', 135, 'test', ('challenge',)),
)


@dataclass
class Reading:
    """What reading a 300W folder gave.

    Attributes:
        faces: usable faces by split, in the order of ``PARTS`` and then of names.
        shortfalls: one sentence for each folder with fewer images than published.
        unusable: for each file without a usable partner, or that cannot be used itself: what is wrong, and what to do.
        wrong: one sentence for each problem that makes the data ambiguous; ``--allow-incomplete`` does not accept them.
        mirrored: number of images ignored because they are mirrored copies of an image beside them.
    """

    faces: dict[str, list[Face]] = field(default_factory=lambda: {'train': [], 'test': []})
    shortfalls: list[str] = field(default_factory=list)
    unusable: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    mirrored: int = 0

    @property
    def missing(self) -> tuple[str, ...]:
        """What ``--allow-incomplete`` accepts, one sentence each."""
        return (*self.shortfalls, *self.unusable)


def read_300w(source: Path) -> Reading:
    """Read and check every image and .pts file of a 300W folder.

    Args:
        source: folder that holds afw, helen, lfpw and ibug, in any case.

    Raises:
        BenchmarkError: ``source`` is not such a folder.
    """
    if not os.path.isdir(source):
        raise BenchmarkError(f'300w: {source} is not a folder (give the one that holds afw, helen, lfpw and ibug)')
    reading = Reading()
    folders = {part: _find_folder(source, part.folder, reading) for part in PARTS}
    if not any(folders.values()) and not reading.wrong:
        raise BenchmarkError(f'300w: {source} holds none of afw, helen, lfpw and ibug (give the folder that does)')
    for part, folder in folders.items():
        if folder is None:
            reading.shortfalls.append(
                f'{part.folder} is absent, published {part.published} images ({part.published} missing)'
            )
        else:
            _read_part(source, folder, part, reading)
    reading.wrong = list(dict.fromkeys(reading.wrong))
    return reading


def prepare_300w(source: Path, data_root: Path, allow_incomplete: bool = False) -> tuple[Manifest, Reading]:
    """Prepare 300W; the images stay where they are.

    Args:
        source: folder that holds afw, helen, lfpw and ibug.
        data_root: folder of all prepared benchmarks.
        allow_incomplete: accept absent images, and leave out files that cannot be used.

    Returns:
        The manifest, and the reading with what was missing or ignored.

    Raises:
        SourceError: the source has problems that are not accepted; nothing was written.
        BenchmarkError: the source is no 300W folder, or the output cannot be written.
    """
    reading = read_300w(source)
    problems = list(reading.wrong)
    if not allow_incomplete:
        problems += reading.shortfalls
        problems += [
            f'{what} ({fix}, or leave it out with --allow-incomplete)' for what, fix in reading.unusable.items()
        ]
    if problems:
        advice = 'mend it' if reading.wrong else 'mend it, or accept what is there with --allow-incomplete'
        count = f'{len(problems)} problem{"s" * (len(problems) > 1)}'
        raise SourceError(f'300w: nothing was written: {count} in {source} ({advice})', problems)
    train, test = reading.faces['train'], reading.faces['test']
    return write_prepared(data_root, '300w', train, test, source.resolve(), reading.missing), reading


def _find_folder(source: Path, path: str, reading: Reading) -> Path | None:
    folder = source
    for name in path.split('/'):
        found = [entry for entry in _entries(folder) if entry.name.lower() == name and os.path.isdir(entry)]
        if len(found) > 1:
            names = ' and '.join(_name(source, entry) for entry in found)
            reading.wrong.append(f'{names} are the same folder of 300W (merge them)')
        if len(found) != 1:
            return None
        folder = found[0]
    return folder


def _entries(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if not entry.name.startswith('.'))
    except OSError as error:
        raise BenchmarkError(f'300w: {folder}: cannot read the folder: {error.strerror}') from error


def _read_part(source: Path, folder: Path, part: Part, reading: Reading) -> None:
    images, landmarks = _files_by_stem(source, folder, reading)
    copies = {stem for stem in images if stem.endswith('_mirror') and stem.removesuffix('_mirror') in images}
    reading.mirrored += len(copies)
    for stem in copies:
        del images[stem]
        landmarks.pop(stem, None)
    if len(images) > part.published:
        reading.wrong.append(f'{part.folder} has {len(images)} images, published {part.published} (remove the others)')
    elif len(images) < part.published:
        absent = part.published - len(images)
        reading.shortfalls.append(
            f'{part.folder} has {len(images)} images, published {part.published} ({absent} missing)'
        )
    for stem in sorted(images.keys() | landmarks.keys()):
        image, pts = images.get(stem), landmarks.get(stem)
        if image is None:
            reading.unusable[f'{_name(source, pts)}: no image beside it'] = 'add the image'
        elif pts is None:
            reading.unusable[f'{_name(source, image)}: no .pts file beside it'] = 'add the .pts file'
        else:
            try:
                reading.faces[part.split].append(_read_face(source, image, pts, part.subsets))
            except ValueError as error:
                reading.unusable[str(error)] = 'fix the file'


def _files_by_stem(source: Path, folder: Path, reading: Reading) -> tuple[dict[str, Path], dict[str, Path]]:
    images: dict[str, Path] = {}
    landmarks: dict[str, Path] = {}
    for entry in _entries(folder):
        suffix = entry.suffix.lower()
        if suffix not in (*IMAGE_SUFFIXES, '.pts') or not os.path.isfile(entry):
            continue
        if not entry.name.isprintable():
            reading.wrong.append(f'{entry.name!a} in {folder.name}: unprintable characters in a name (rename it)')
            continue
        files = landmarks if suffix == '.pts' else images
        if entry.stem in files:
            first = _name(source, files[entry.stem])
            reading.wrong.append(f'{first} and {entry.name} are two files for one face (remove one)')
        files.setdefault(entry.stem, entry)
    return images, landmarks


def _read_face(source: Path, image: Path, pts: Path, subsets: tuple[str, ...]) -> Face:
    path = image
    try:
        width, height = image_size(read_bytes(image))
        path = pts
        keypoints = parse_pts(read_bytes(pts), LAYOUT.num_landmarks)
        face = Face(_name(source, image), width, height, keypoints, subsets)
        check_face(face, LAYOUT)
    except ValueError as error:
        raise ValueError(f'{_name(source, path)}: {error}') from error
    return face


def _name(source: Path, path: Path) -> str:
    return path.relative_to(source).as_posix()
