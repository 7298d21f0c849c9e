"""Text, ellipses, polygons and images that an SVG holds as such.

Matplotlib measures every text (0.6 ms), writes an ellipse into an SVG as eight Bézier curves (400 bytes) and resamples
images. The artists here write ``<text>``, ``<ellipse>`` and ``<image>`` elements themselves and leave all other formats
to Matplotlib. They belong on a :class:`benchmark.site.figures.canvas.Canvas`: coordinates are those of the SVG.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence

import numpy as np
from matplotlib.backend_bases import RendererBase
from matplotlib.collections import Collection, EllipseCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.image import BboxImage
from matplotlib.text import Text
from matplotlib.transforms import BboxBase
from numpy.typing import NDArray
from PIL import Image


class Label(Text):
    """One line of text on its base line, anchored where it is told to."""

    def draw(self, renderer: RendererBase) -> None:
        """Write ``<text>``, or draw."""
        if not hasattr(renderer, 'writer'):
            super().draw(renderer)
            return
        x, y = self.get_position()
        place = {'x': f'{x:.2f}', 'y': f'{y:.2f}', 'font-size': f'{self.get_fontsize():g}'}
        if self.get_ha() != 'left':
            place['text-anchor'] = {'center': 'middle', 'right': 'end'}[self.get_ha()]
        if self.get_weight() != 'normal':
            place['font-weight'] = self.get_weight()
        if self.get_rotation():
            place['transform'] = f'rotate({-self.get_rotation():g} {x:.2f} {y:.2f})'
        renderer.writer.element('text', self.get_text(), attrib=place | {'style': f'fill:{to_hex(self.get_color())}'})


class Ellipses(EllipseCollection):
    """N ellipses in one group.

    Args:
        centres: (N, 2), points.
        radii: (N, 2), along and across ``angles``, points.
        angles: (N,), degrees, clockwise.
        hints: (N,) texts that a browser shows for the ellipse below the pointer, or none.
        properties: of the collection.
    """

    def __init__(
        self, centres: NDArray, radii: NDArray, angles: NDArray, hints: Sequence[str], **properties: object
    ) -> None:
        super().__init__(2 * radii[:, 0], 2 * radii[:, 1], -angles, units='points', offsets=centres, **properties)
        self._places, self._hints = (centres.tolist(), radii.tolist(), angles.tolist()), hints

    def draw(self, renderer: RendererBase) -> None:
        """Write ``<circle>`` and ``<ellipse>``, or draw."""
        if hasattr(renderer, 'writer'):
            elements = [_ellipse(*place) for place in zip(*self._places, strict=True)]
            _write_group(renderer.writer, self, elements, self._hints)
        else:
            super().draw(renderer)


class Polygons(PolyCollection):
    """N polygons in one group.

    Args:
        corners: (N, P, 2), points.
        hints: (N,) texts that a browser shows for the polygon below the pointer, or none.
        properties: of the collection.
    """

    def __init__(self, corners: NDArray, hints: Sequence[str], **properties: object) -> None:
        super().__init__(corners, **properties)
        self._corners, self._hints = corners.tolist(), hints

    def draw(self, renderer: RendererBase) -> None:
        """Write ``<polygon>``, or draw."""
        if hasattr(renderer, 'writer'):
            texts = [' '.join(f'{x:.2f},{y:.2f}' for x, y in corners) for corners in self._corners]
            _write_group(renderer.writer, self, [('polygon', {'points': text}) for text in texts], self._hints)
        else:
            super().draw(renderer)


def _ellipse(centre: Sequence[float], radii: Sequence[float], angle: float) -> tuple[str, dict[str, str]]:
    (x, y), (along, across) = centre, radii
    if along == across:
        return 'circle', {'cx': f'{x:.2f}', 'cy': f'{y:.2f}', 'r': f'{along:.2f}'}
    place = f'translate({x:.2f} {y:.2f})rotate({angle:.1f})'
    return 'ellipse', {'rx': f'{along:.2f}', 'ry': f'{across:.2f}', 'transform': place}


def _write_group(
    writer: object, collection: Collection, elements: list[tuple[str, dict[str, str]]], hints: Sequence[str]
) -> None:
    """Write elements with what they have in common at their group."""
    fills = [to_hex(fill) for fill in collection.get_facecolor()]
    style = {'fill': '' if len(fills) > 1 else (fills or ['none'])[0]}
    if len(collection.get_edgecolor()):
        style |= {'stroke': to_hex(collection.get_edgecolor()[0]), 'stroke-width': f'{collection.get_linewidth()[0]:g}'}
    style['stroke-dasharray'] = ' '.join(f'{length:g}' for length in collection.get_linestyle()[0][1] or ())
    style['opacity'] = '' if collection.get_alpha() is None else f'{collection.get_alpha():g}'
    style = ';'.join(f'{key}:{value}' for key, value in style.items() if value)
    writer.start('g', attrib={'id': collection.get_gid() or '', 'style': style})
    for i, (tag, attributes) in enumerate(elements):
        if len(fills) > 1:
            attributes['fill'] = fills[i]
        if hints:
            writer.start(tag, attributes)
            writer.element('title', hints[i])
            writer.end(tag, indent=False)
        else:
            writer.element(tag, attrib=attributes)
    writer.end('g')


class Picture(BboxImage):
    """An image stretched to a rectangle.

    Args:
        box: the rectangle in pixels of the output.
        image: (H, W, 3) uint8, RGB.
        place: left, top, width and height in points.
        kind: 'png', or 'jpeg', a tenth of the size for photographs: how an SVG holds it.
    """

    def __init__(self, box: BboxBase, image: NDArray, place: tuple[float, float, float, float], kind: str) -> None:
        super().__init__(box, interpolation='bilinear')
        self.set_data(image)
        self._image, self._place, self._kind = image, place, kind

    def draw(self, renderer: RendererBase) -> None:
        """Write ``<image>``, or draw."""
        if not hasattr(renderer, 'writer'):
            super().draw(renderer)
            return
        buffer = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(self._image)).save(buffer, self._kind, quality=85)
        left, top, width, height = self._place
        renderer.writer.element(
            'image',
            attrib={
                'x': f'{left:.2f}',
                'y': f'{top:.2f}',
                'width': f'{width:.2f}',
                'height': f'{height:.2f}',
                'preserveAspectRatio': 'none',
                'xlink:href': f'data:image/{self._kind};base64,{base64.b64encode(buffer.getvalue()).decode()}',
            },
        )
