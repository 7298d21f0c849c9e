"""Reading a prepared folder without trusting it: annotations, counts and fingerprint."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.datasets.annotations import Face, decode_faces
from benchmark.datasets.check.findings import Finding
from benchmark.datasets.identity import identify
from benchmark.datasets.manifest import SPLITS, Manifest
from benchmark.protocol.benchmarks import get_benchmark


def read_content(folder: Path, manifest: Manifest) -> tuple[dict[str, list[Face]], list[Finding]]:
    """Read the annotations of both splits as far as they can be read, and compare them with the manifest.

    Args:
        folder: the prepared folder.
        manifest: its manifest.

    Returns:
        The faces by split, without a split whose file cannot be read; and what is wrong with the files.
    """
    splits: dict[str, list[Face]] = {}
    findings = []
    for split in SPLITS:
        path = Path('annotations') / f'{split}.json'
        try:
            content = (folder / path).read_bytes()
            if hashlib.sha256(content).hexdigest() != manifest.annotation_sha256[split]:
                findings.append(_about_file(path, split, 'changed since it was prepared'))
            splits[split] = decode_faces(content, get_benchmark(manifest.benchmark).layout)
        except OSError as error:
            findings.append(_about_file(path, split, f'cannot be read: {error.strerror}'))
        except ValueError as error:
            findings.append(_about_file(path, split, f'cannot be read: {error}'))
    return splits, findings + _compare_counts(splits, manifest)


def compare_fingerprint(
    splits: Mapping[str, Sequence[Face]], image_root: Path, digests: Mapping[str, bytes], manifest: Manifest
) -> list[Finding]:
    """Identify the content anew; undamaged content, or it says nothing that is not known.

    Args:
        splits: faces by split.
        image_root: folder that image paths are relative to.
        digests: of every image, by its path (see :func:`~benchmark.datasets.identity.identify`).
        manifest: says what the preparation found.
    """
    found = identify(manifest.benchmark, splits, image_root, manifest.drawing, digests)
    for what, now, then in (
        ('content has', found.fingerprint, manifest.fingerprint),
        ('pixels have', found.pixels, manifest.pixels),
    ):
        if now != then:
            detail = f'the {what} {now[:16]}, the manifest says {then[:16]} (prepare it again)'
            return [Finding('fingerprint', detail, image='manifest.json')]
    return []


def _compare_counts(splits: Mapping[str, Sequence[Face]], manifest: Manifest) -> list[Finding]:
    expected = {'train': manifest.train_images, 'test': manifest.test_images}
    findings = [
        Finding('count', f'{len(faces)} faces, the manifest says {expected[split]}', split)
        for split, faces in splits.items()
        if len(faces) != expected[split]
    ]
    for subset, count in manifest.subset_images.items() if 'test' in splits else ():
        members = sum(subset == 'full' or subset in face.subsets for face in splits['test'])
        if members != count:
            detail = f'{members} faces in subset {subset}, the manifest says {count}'
            findings.append(Finding('count', detail, 'test'))
    return findings


def _about_file(path: Path, split: str, detail: str) -> Finding:
    return Finding('annotation-file', f'{detail} (prepare it again)', split, image=path.as_posix())
