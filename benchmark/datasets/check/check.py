"""All checks of a prepared benchmark, in their order."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

from numpy.typing import NDArray

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.content import compare_fingerprint, read_content
from benchmark.datasets.check.duplicates import find_duplicates
from benchmark.datasets.check.findings import KINDS, LANDMARKS, CheckReport, Finding
from benchmark.datasets.check.geometry import check_geometry
from benchmark.datasets.check.images import look_at_images
from benchmark.datasets.check.shapes import check_shapes
from benchmark.datasets.check.sheet import Entry, check_sheet_path, draw_sheets
from benchmark.datasets.manifest import SPLITS, read_manifest
from benchmark.protocol.benchmarks import get_benchmark

MOST_DRAWN = 48  # faces on the sheets unless all are asked for: as many as somebody looks at


def check_prepared(data_root: Path, benchmark: str, sheet: Path | None = None, all_faces: bool = False) -> CheckReport:
    """Look through a prepared benchmark: its files, its images, its annotations, and faces that occur twice.

    Args:
        data_root: folder of all prepared benchmarks.
        benchmark: name of the benchmark.
        sheet: where to draw faces with their landmarks, a name that ends in .png; more than one page are numbered
            (sheet-1.png, sheet-2.png, ...). Beside each page, a list of its faces has the same name with .txt.
        all_faces: draw all faces instead of the most suspicious ones: those with findings (on landmarks, then on
            test faces that are training faces, then others), then those of the most unusual shapes.

    Raises:
        UsageError: ``sheet`` does not end in .png, or ``all_faces`` without a sheet.
        BenchmarkError: no such benchmark, nothing is prepared, its manifest is damaged, or the sheet cannot be written.
    """
    check_sheet_path(sheet, all_faces)
    manifest = read_manifest(data_root, benchmark)
    layout = get_benchmark(benchmark).layout
    folder = data_root / benchmark
    image_root = (folder / manifest.image_root).resolve()
    splits, findings = read_content(folder, manifest)
    looks, digests, about_images = look_at_images(splits, image_root)
    findings += about_images
    if not findings:
        findings += compare_fingerprint(splits, image_root, digests, manifest)
    about_shapes, distances = check_shapes(splits, layout)
    findings += [*about_shapes, *check_geometry(splits), *find_duplicates(looks)]
    findings.sort(key=_place)
    drawn, pages = [], []
    if sheet is not None:
        drawn = _to_draw(splits, findings, distances, all_faces)
        pages = draw_sheets(drawn, benchmark, image_root, sheet)
    return CheckReport(
        benchmark=benchmark,
        images=len({face.image for faces in splits.values() for face in faces}),
        faces=sum(map(len, splits.values())),
        findings=tuple(findings),
        sheets=tuple(pages),
        drawn=len(drawn),
    )


def _place(finding: Finding) -> tuple[bool, int, int, int]:
    split = -1 if finding.split is None else SPLITS.index(finding.split)
    return finding.face is not None, split, finding.face or 0, list(KINDS).index(finding.kind)


def _to_draw(
    splits: Mapping[str, Sequence[Face]],
    findings: Sequence[Finding],
    distances: Mapping[str, NDArray],
    all_faces: bool,
) -> list[Entry]:
    """The faces to draw: all in their order, or the most suspicious ones, the worst first."""
    found: dict[tuple[str, int], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.split is not None and finding.face is not None:
            found[finding.split, finding.face].append(finding)
    entries = [
        Entry(split, index, face, float(distances[split][index]), tuple(found.get((split, index), ())))
        for split, faces in splits.items()
        for index, face in enumerate(faces)
    ]
    return entries if all_faces else sorted(entries, key=_harmlessness)[:MOST_DRAWN]


def _harmlessness(entry: Entry) -> tuple[bool, bool, bool, float]:
    kinds = {finding.kind for finding in entry.findings}
    return not kinds & set(LANDMARKS), 'train-test-duplicate' not in kinds, not kinds, -entry.distance
