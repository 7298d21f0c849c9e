"""Colours and line styles of the figures, on light and on dark pages."""

from __future__ import annotations

from dataclasses import dataclass, fields

# Dash patterns in points, told apart without colour; the first is solid.
DASHES = ((), (4.0, 2.0), (1.2, 1.4), (6.0, 1.5, 1.2, 1.5))


@dataclass(frozen=True)
class Colours:
    """One set of colours, as '#rrggbb'.

    Attributes:
        text: labels, axes and outlines.
        muted: what stands back, e.g. contours of a face.
        grid: grid lines.
        page: background.
        series: of data, used in turn.
    """

    text: str
    muted: str
    grid: str
    page: str
    series: tuple[str, ...]

    def of(self, index: int) -> str:
        """Colour of the series ``index``, which may exceed their number."""
        return self.series[index % len(self.series)]


# Series: Okabe and Ito 2008, without the yellow and black that vanish on a light or a dark page. On a dark page the two
# blues change places.
LIGHT = Colours(
    '#222222', '#70777e', '#dddddd', '#ffffff', ('#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9')
)
DARK = Colours(
    '#d6d9dd', '#8d959d', '#3a3f45', '#15181b', ('#56b4e9', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#0072b2')
)
# Drawn in place of the colours of a theme, and replaced by variables once the file is drawn.
STAND_INS = Colours(
    '#010201', '#010202', '#010203', '#010204', ('#010301', '#010302', '#010303', '#010304', '#010305', '#010306')
)


def _flat(colours: Colours) -> dict[str, str]:
    named = {field.name: getattr(colours, field.name) for field in fields(colours) if field.name != 'series'}
    return named | {f'series-{i}': colour for i, colour in enumerate(colours.series, 1)}


VARIABLES = {stand_in: f'var(--figure-{name})' for name, stand_in in _flat(STAND_INS).items()}


def _declared(selector: str, colours: Colours) -> str:
    return f'{selector}{{{";".join(f"--figure-{name}:{colour}" for name, colour in _flat(colours).items())}}}'


# The reader's system decides, unless the page's root element has data-theme="light" or "dark".
STYLE = '\n'.join(
    [
        '<style>',
        _declared('.figure', LIGHT),
        f'@media (prefers-color-scheme:dark){{{_declared(".figure", DARK)}}}',
        _declared(':root[data-theme=dark] .figure', DARK),
        _declared(':root[data-theme=light] .figure', LIGHT),
        '.figure *{stroke-linejoin:round;stroke-linecap:butt}',
        ".figure text{font-family:system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,'DejaVu Sans',"
        'sans-serif;stroke:none}',
        '</style>',
    ]
)
