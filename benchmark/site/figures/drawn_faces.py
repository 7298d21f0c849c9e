"""Single faces: predicted landmarks with circles as large as their errors, on a blank sheet or on the photograph."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import numpy as np
from matplotlib.figure import Figure as Drawing
from matplotlib.path import Path
from numpy.typing import NDArray
from PIL import Image

from benchmark.protocol.layouts import Layout
from benchmark.site.figures.canvas import NARROW, WIDE, Canvas
from benchmark.site.figures.chart import Entry, Key
from benchmark.site.figures.figure import Figure, render
from benchmark.site.figures.mean_face import Fit, check_landmarks, contours, fit
from benchmark.site.figures.style import Colours, wrap

_GAP, _CAPTION_SIZE, _CAPTION_LINE = 8.0, 7.0, 8.6
# Three dots for each point of the page are enough for print.
_DOTS_PER_POINT = 3
# On photographs, whatever the page's theme: white, and the yellow and sky blue of Okabe and Ito.
_OTHER_DASHES = (2.5, 1.5)
_BACKDROP = '#55595e'


class _Inks(NamedTuple):
    line: str
    circle: str
    other: str


_ON_PHOTOGRAPH = _Inks('#ffffff', '#f0e442', '#56b4e9')


@dataclass(frozen=True)
class Face:
    """One drawn face; all coordinates are pixels of the original image.

    Attributes:
        caption: e.g. 'helen/testset/1.jpg: 12.3 %'.
        points: (K, 2), predicted landmarks.
        distances: (K,), distance of each to the truth, not negative.
        other: (K, 2), a second prediction, e.g. of the baseline.
        image: (H, W, 3) uint8, RGB, a crop to put behind.
        origin: (x, y) of the crop's upper left corner.
        size: (width, height) of the crop; None: (W, H).
    """

    caption: str
    points: NDArray
    distances: NDArray
    other: NDArray | None = None
    image: NDArray | None = None
    origin: tuple[float, float] = (0.0, 0.0)
    size: tuple[float, float] | None = None

    @property
    def box(self) -> tuple[NDArray, NDArray]:
        """Lower and upper corner of all that is drawn, (2,) each."""
        reach = np.asarray(self.distances)[:, None]
        drawn = [self.points - reach, self.points + reach]
        if self.other is not None:
            drawn.append(self.other)
        if self.image is not None:
            drawn.append(np.array([self.origin, np.add(self.origin, self.crop_size)]))
        corners = np.concatenate(drawn)
        return corners.min(axis=0), corners.max(axis=0)

    @property
    def crop_size(self) -> tuple[float, float]:
        """Width and height of the crop in pixels of the original image."""
        return self.size or (self.image.shape[1], self.image.shape[0])


def faces(
    name: str,
    title: str,
    faces: Sequence[Face],
    layout: Layout,
    columns: int = 4,
    other_label: str = 'baseline',
) -> Figure:
    """Draw faces in a grid: contours through the predicted landmarks, around each a circle that the truth lies on.

    Args:
        name: of the figure.
        title: alternative text.
        faces: at least one.
        layout: of the landmarks.
        columns: faces in a line; up to two make a narrow figure.
        other_label: what the second predictions are.

    Raises:
        ValueError: there is no face, or an array does not fit the layout or holds a NaN.
    """
    if not faces:
        raise ValueError(f'{name}: no face to draw')
    for face in faces:
        arrays = {'points': face.points, 'distances': face.distances, 'second points': face.other}
        check_landmarks(f'{name}: {face.caption}', layout, arrays)
    return render(name, title, partial(_draw, tuple(faces), layout, min(columns, len(faces)), other_label))


def _draw(faces: tuple[Face, ...], layout: Layout, columns: int, other_label: str, colours: Colours) -> Drawing:
    total = NARROW if columns <= 2 else WIDE
    cell = (total - _GAP) / columns - _GAP
    captions = [wrap(face.caption, cell, _CAPTION_SIZE, lines=3) for face in faces]
    on_page = _Inks(colours.of(0), colours.of(1), colours.muted)
    key = _key(faces, other_label, on_page, total)
    starts = range(0, len(faces), columns)
    under = [_CAPTION_LINE * max(len(lines) for lines in captions[start : start + columns]) + 6 for start in starts]
    canvas = Canvas(total, _GAP + len(starts) * (cell + _GAP / 2) + sum(under) + key.height + 8, colours)
    top = _GAP
    for row, start in enumerate(starts):
        for index in range(start, min(start + columns, len(faces))):
            left = _GAP + (index - start) * (cell + _GAP)
            place = fit(*faces[index].box, left, top, cell, cell)
            inks = on_page if faces[index].image is None else _ON_PHOTOGRAPH
            _face(canvas, faces[index], layout, place, inks, f'face-{index}')
            for i, text in enumerate(captions[index]):
                y = top + cell + 9 + _CAPTION_LINE * i
                canvas.text(left + cell / 2, y, text, size=_CAPTION_SIZE, anchor='center')
        top += cell + _GAP / 2 + under[row]
    key.draw(canvas, _GAP, canvas.height - key.height - 6)
    return canvas.drawing


def _key(faces: tuple[Face, ...], other_label: str, on_page: _Inks, total: float) -> Key:
    photographs = all(face.image is not None for face in faces)
    inks, backdrop = (_ON_PHOTOGRAPH, _BACKDROP) if photographs else (on_page, None)
    entries = [
        Entry('predicted contours', inks.line, width=0.9, backdrop=backdrop),
        Entry('the truth lies on the circle', inks.circle, width=0.8, circle=True, backdrop=backdrop),
    ]
    if any(face.other is not None for face in faces):
        entries.append(Entry(other_label, inks.other, _OTHER_DASHES, width=0.8, backdrop=backdrop))
    return Key(entries, 1 if total == NARROW else len(entries), total - 2 * _GAP)


def _face(canvas: Canvas, face: Face, layout: Layout, place: Fit, inks: _Inks, gid: str) -> None:
    if face.image is not None:
        left, top = place(np.array(face.origin))
        width, height = np.multiply(face.crop_size, place.factor)
        canvas.image(_reduced(face.image, width, height), left, top, width, height, 'jpeg')
    if face.other is not None:
        other = Path.make_compound_path(*contours(layout, place(face.other)))
        canvas.path(other, inks.other, 0.7, dashes=_OTHER_DASHES, gid=f'{gid}-other')
    points = place(face.points)
    canvas.path(Path.make_compound_path(*contours(layout, points)), inks.line, 0.8, gid=f'{gid}-contours')
    canvas.ellipses(
        points, place.factor * np.asarray(face.distances), colour=inks.circle, width=0.7, gid=f'{gid}-circles'
    )
    canvas.dots(points, 0.8, inks.line, f'{gid}-landmarks')


def _reduced(image: NDArray, width: float, height: float) -> NDArray:
    """The image with no more pixels than a drawing of so many points shows."""
    most = int(np.ceil(_DOTS_PER_POINT * width)), int(np.ceil(_DOTS_PER_POINT * height))
    if image.shape[1] <= most[0]:
        return image
    return np.asarray(Image.fromarray(np.ascontiguousarray(image)).resize(most, Image.Resampling.LANCZOS))
