"""A sheet measured in points on which text, lines, ellipses and images are put."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.figure import Figure as Drawing
from matplotlib.patches import PathPatch
from matplotlib.path import Path
from matplotlib.transforms import Affine2D, Bbox, TransformedBbox
from numpy.typing import NDArray

from benchmark.site.figures.artists import Ellipses, Label, Picture, Polygons
from benchmark.site.figures.style import Colours, plain

# Widths of a figure in points: one column of a paper (3.4 inches) and one and a half (5.2 inches).
NARROW, WIDE = 244.8, 374.4


class Canvas:
    """An empty figure whose coordinates are points, x to the right and y downward from the upper left corner.

    Attributes:
        drawing: the figure of Matplotlib.
        width: points.
        height: points.
        colours: what to draw with.
    """

    def __init__(self, width: float, height: float, colours: Colours) -> None:
        self.drawing = Drawing(figsize=(width / 72, height / 72), facecolor=colours.page)
        self.width, self.height, self.colours = width, height, colours
        flipped = Affine2D().scale(1 / 72, -1 / 72).translate(0, height / 72)
        self._points = flipped + self.drawing.dpi_scale_trans

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = 8.0,
        anchor: str = 'left',
        colour: str | None = None,
        bold: bool = False,
        rotation: float = 0.0,
    ) -> None:
        """Put a line of text; (x, y) is the ``anchor`` ('left', 'center' or 'right') of its base line.

        Args:
            x: points.
            y: points.
            text: shown as it is, never read as markup or mathematics.
            size: font size, points.
            anchor: see above.
            colour: that of text where None.
            bold: whether in bold letters.
            rotation: degrees, counter-clockwise about (x, y).
        """
        if not text:
            return
        self._add(
            Label(
                x,
                y,
                plain(text),
                size=size,
                ha=anchor,
                va='baseline',
                color=colour or self.colours.text,
                weight='bold' if bold else 'normal',
                rotation=rotation,
                rotation_mode='anchor',
            )
        )

    def path(
        self,
        path: Path,
        colour: str | None = None,
        width: float = 1.0,
        *,
        dashes: Sequence[float] = (),
        fill: str | None = None,
        alpha: float | None = None,
        gid: str | None = None,
    ) -> None:
        """Draw a path, with a line where ``colour`` is given and filled where ``fill`` is.

        Args:
            path: vertices in points.
            colour: of the line.
            width: of the line, points.
            dashes: lengths of dashes and gaps in turn, points; none: solid.
            fill: of the inside.
            alpha: opacity of both, in [0, 1].
            gid: id of its group in the SVG.
        """
        patch = PathPatch(
            path,
            edgecolor=colour or 'none',
            facecolor=fill or 'none',
            linewidth=width if colour else 0,
            linestyle=(0, tuple(dashes)) if dashes else 'solid',
            joinstyle='round',
            alpha=alpha,
        )
        self._add(patch, gid)

    def ellipses(
        self,
        centres: NDArray,
        radii: NDArray,
        angles: NDArray | float = 0.0,
        *,
        colour: str | None = None,
        fill: str | NDArray | None = None,
        width: float = 1.0,
        dashes: Sequence[float] = (),
        alpha: float | None = None,
        hints: Sequence[str] = (),
        gid: str | None = None,
    ) -> None:
        """Draw N ellipses.

        Args:
            centres: (N, 2), points.
            radii: (N,) of circles, or (N, 2) along and across ``angles``, points.
            angles: (N,) or one for all, of the first radius, radians, clockwise from the x axis as the page shows it.
            colour: of the lines.
            fill: of the inside: one, or (N, 4) as RGBA.
            width: of the lines, points.
            dashes: as for :meth:`path`.
            alpha: opacity, in [0, 1].
            hints: (N,) texts that a browser shows for the ellipse below the pointer.
            gid: id of their group in the SVG.
        """
        radii = np.asarray(radii, float)
        collection = Ellipses(
            centres,
            radii if radii.ndim == 2 else np.column_stack([radii, radii]),
            np.degrees(np.broadcast_to(angles, len(centres))),
            hints,
            offset_transform=self._points,
            edgecolors=colour or 'none',
            facecolors='none' if fill is None else fill,
            linewidths=width if colour else 0,
            linestyles=(0, tuple(dashes)) if dashes else 'solid',
            alpha=alpha,
        )
        self._add(collection, gid, transform=False)

    def dots(self, points: NDArray, radius: float, colour: str, gid: str | None = None) -> None:
        """Draw N equal dots.

        Args:
            points: (N, 2), points.
            radius: points.
            colour: of all.
            gid: id of their group in the SVG.
        """
        # Round ends of very short lines: half the bytes of circles.
        ends = np.stack([points, np.add(points, (0.02, 0.0))], axis=1).reshape(-1, 2)
        lines = PathPatch(
            Path(ends, [Path.MOVETO, Path.LINETO] * len(points)),
            edgecolor=colour,
            facecolor='none',
            linewidth=2 * radius,
            capstyle='round',
        )
        self._add(lines, gid)

    def polygons(
        self,
        corners: Sequence[NDArray],
        fills: NDArray,
        *,
        colour: str,
        width: float = 1.0,
        hints: Sequence[str] = (),
        gid: str | None = None,
    ) -> None:
        """Draw N filled polygons.

        Args:
            corners: (N, P, 2), points.
            fills: (N, 4), RGBA.
            colour: of the lines.
            width: of the lines, points.
            hints: as for :meth:`ellipses`.
            gid: id of their group in the SVG.
        """
        self._add(Polygons(np.asarray(corners), hints, facecolors=fills, edgecolors=colour, linewidths=width), gid)

    def image(self, image: NDArray, left: float, top: float, width: float, height: float, kind: str = 'png') -> None:
        """Put an image, stretched to a rectangle given in points.

        Args:
            image: (H, W, 3) uint8, RGB.
            left: points.
            top: points.
            width: points.
            height: points.
            kind: 'png', or 'jpeg' for photographs: how an SVG holds it.
        """
        box = Bbox([[left, top + height], [left + width, top]])
        picture = Picture(TransformedBbox(box, self._points), image, (left, top, width, height), kind)
        self._add(picture, transform=False)

    def _add(self, artist: Artist, gid: str | None = None, transform: bool = True) -> None:
        artist.set_gid(gid)
        if transform:
            artist.set_transform(self._points)
        self.drawing.add_artist(artist)
        artist.set_clip_on(False)
