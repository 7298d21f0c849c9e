"""NME in perturbed face boxes on the page of a row: a figure and its numbers."""

from __future__ import annotations

import numpy as np

from benchmark.analysis.difference import signed
from benchmark.records.perturbations import UNCHANGED, Perturbations
from benchmark.site.figures import Figure, box_curves
from benchmark.site.tables import Cell, Column, Line, Table


def perturbation_figure(found: Perturbations, of: str) -> Figure:
    """NME against size and place of the box.

    Args:
        found: what was measured.
        of: what the row is, for the alternative text.
    """
    scales = np.array([(one.scale, one.nme) for one in found.scales])
    shifts = np.array([(one.shift, one.nme) for one in found.shifts])
    return box_curves('perturbed', f'NME in perturbed face boxes, {of}', scales, shifts)


def perturbation_table(found: Perturbations) -> Table:
    """The numbers of the figure, with what each perturbation adds to NME."""
    unchanged = next(one.nme for one in found.points if (one.scale, one.shift) == UNCHANGED)
    lines = tuple(
        Line(
            (
                Cell(f'{one.scale:g}'),
                Cell(f'{one.shift:g}'),
                Cell(f'{one.nme:.2f}'),
                Cell() if (one.scale, one.shift) == UNCHANGED else Cell(signed(one.nme - unchanged)),
            )
        )
        for one in found.points
    )
    columns = (Column('Size, times the box'), Column('Moved, sides of the box'), Column('NME'), Column('Added'))
    return Table(f'Perturbed boxes: NME of {found.images} test images, {found.normalizer}, percent', columns, (lines,))
