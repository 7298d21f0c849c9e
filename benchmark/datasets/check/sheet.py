"""Contact sheets: pages of faces with their landmarks and findings, and a list of the faces of each page."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from benchmark.datasets.annotations import Face
from benchmark.datasets.check.findings import Finding
from benchmark.datasets.check.images import read_image
from benchmark.datasets.check.tile import COLOURS, TILE_SIDE, draw_tile
from benchmark.errors import BenchmarkError, UsageError
from benchmark.files import write_atomically
from benchmark.protocol.benchmarks import get_benchmark
from benchmark.protocol.layouts import Layout

COLUMNS, ROWS = 3, 3
HEADER = 28  # pixels above the faces of a page
CAPTION = 92  # pixels above each face: five lines
GAP = 8  # pixels between faces and around them
_LINE, _TEXT = 18, 14  # distance and size of the lines of a caption, pixels
_BACKGROUND, _INK, _FAINT = (24, 24, 24), (240, 240, 240), (170, 170, 170)


@dataclass(frozen=True, eq=False)
class Entry:
    """A face to draw.

    Attributes:
        split: 'train' or 'test'.
        index: which face of the split.
        face: its annotation.
        distance: how unusual its shape is, the Procrustes distance from the nearest drawn face.
        findings: what was found about it.
    """

    split: str
    index: int
    face: Face
    distance: float
    findings: tuple[Finding, ...]


def check_sheet_path(sheet: Path | None, all_faces: bool) -> None:
    """Refuse a sheet that cannot be drawn before anything is looked at.

    Raises:
        UsageError: ``sheet`` does not end in .png, or there is none to draw all faces on.
        BenchmarkError: its folder cannot be made.
    """
    if sheet is None:
        if all_faces:
            raise UsageError('there is no sheet to draw all faces on (name one with --sheet FILE.png)')
        return
    if sheet.suffix.lower() != '.png':
        raise UsageError(f'{sheet}: a contact sheet is a PNG image (give a name that ends in .png)')
    try:
        sheet.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _not_writable(sheet, error) from error


def draw_sheets(entries: Sequence[Entry], benchmark: str, image_root: Path, sheet: Path) -> list[Path]:
    """Draw faces on as many pages as they need, and list them beside each page.

    Args:
        entries: the faces, in the order in which they are drawn, row by row.
        benchmark: name of their benchmark.
        image_root: folder that image paths are relative to.
        sheet: file of the only page; several pages have their number before the suffix.

    Returns:
        The pages.

    Raises:
        BenchmarkError: a page or a list cannot be written.
    """
    layout = get_benchmark(benchmark).layout
    each = COLUMNS * ROWS
    parts = [entries[start : start + each] for start in range(0, len(entries), each)]
    pages = []
    for number, part in enumerate(parts, start=1):
        path = sheet if len(parts) == 1 else sheet.with_stem(f'{sheet.stem}-{number}')
        header = f"{benchmark}, page {number} of {len(parts)}; landmarks, the person's:"
        try:
            page = io.BytesIO()
            _draw_page(part, header, layout, image_root).save(page, format='PNG', compress_level=3)
            write_atomically(path, page.getbuffer())
            write_atomically(path.with_suffix('.txt'), ''.join(f'{line}\n' for line in _list(part)).encode())
        except OSError as error:
            raise _not_writable(path, error) from error
        pages.append(path)
    return pages


def corner_of_face(place: int) -> tuple[int, int]:
    """Left and top of a face's picture on its page, pixels; ``place`` counts row by row from 0."""
    row, column = divmod(place, COLUMNS)
    return GAP + column * (TILE_SIDE + GAP), HEADER + GAP + row * (CAPTION + TILE_SIDE + GAP) + CAPTION


def _draw_page(entries: Sequence[Entry], header: str, layout: Layout, image_root: Path) -> Image.Image:
    columns, rows = min(len(entries), COLUMNS), -(-len(entries) // COLUMNS)
    width = GAP + columns * (TILE_SIDE + GAP)
    page = Image.new('RGB', (width, HEADER + GAP + rows * (CAPTION + TILE_SIDE + GAP)), _BACKGROUND)
    draw = ImageDraw.Draw(page)
    font = ImageFont.load_default(_TEXT)
    x = GAP
    for text, colour in ((header, _INK), *COLOURS.items()):
        draw.text((x, GAP), text, colour, font)
        x += round(font.getlength(text)) + 3 * GAP
    for place, entry in enumerate(entries):
        left, top = corner_of_face(place)
        for number, (text, colour) in enumerate(_caption(entry, font)):
            draw.text((left, top - CAPTION + number * _LINE), text, colour, font)
        marked = {landmark for finding in entry.findings for landmark in finding.landmarks}
        page.paste(draw_tile(read_image(image_root / entry.face.image), entry.face, layout, marked), (left, top))
    return page


def _caption(entry: Entry, font: ImageFont.FreeTypeFont) -> list[tuple[str, tuple[int, int, int]]]:
    lines = [(f'{entry.split} {entry.index}  (distance {entry.distance:.2f})', _INK)]
    image = entry.face.image
    while font.getlength(image) > TILE_SIDE:
        image = '…' + image[2:]  # the end of a path tells more than its beginning
    lines.append((image, _FAINT))
    room = (CAPTION // _LINE) - len(lines)
    wrapped = [line for finding in entry.findings for line in _wrap(f'{finding.kind}: {finding.detail}', font)]
    if len(wrapped) > room:
        wrapped = [*wrapped[: room - 1], _shorten(f'{wrapped[room - 1]} …', font)]
    return lines + [(line, COLOURS['of a finding']) for line in wrapped]


def _wrap(text: str, font: ImageFont.FreeTypeFont) -> list[str]:
    lines = ['']
    for word in text.split(' '):
        longer = f'{lines[-1]} {word}'.strip()
        if lines[-1] and font.getlength(longer) > TILE_SIDE:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def _shorten(text: str, font: ImageFont.FreeTypeFont) -> str:
    while font.getlength(text) > TILE_SIDE:
        text = text[:-3].rstrip() + ' …'
    return text


def _list(entries: Sequence[Entry]) -> list[str]:
    """One line for each face: row and column from 1, split, number, image, shape distance, findings."""
    lines = []
    for place, entry in enumerate(entries):
        row, column = divmod(place, COLUMNS)
        found = '; '.join(f'{finding.kind}: {finding.detail}' for finding in entry.findings) or 'nothing found'
        where = f'row {row + 1}, column {column + 1}: {entry.split} {entry.index}: {entry.face.image}'
        lines.append(f'{where}: distance {entry.distance:.3f}: {found}')
    return lines


def _not_writable(path: Path, error: OSError) -> BenchmarkError:
    return BenchmarkError(f'{path}: cannot write the contact sheet: {error.strerror or error} (choose another --sheet)')
