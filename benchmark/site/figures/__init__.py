"""Figures of the leaderboards: drawn from arrays alone, as SVG that follows the page's theme and as PNG for papers.

A chart or a face of a few hundred marks takes a few milliseconds, because text and ellipses are written into the SVG as
such (:mod:`benchmark.site.figures.canvas`) instead of being measured and turned into paths.
"""

from benchmark.site.figures.curves import Curve, TrainingCurve, error_curves, training_curves
from benchmark.site.figures.drawn_faces import Face, faces
from benchmark.site.figures.ellipses import ambiguity_ellipses
from benchmark.site.figures.figure import Figure, Part, make_sheet
from benchmark.site.figures.forest import Effect, forest_plot
from benchmark.site.figures.mean_face import landmark_errors
from benchmark.site.figures.perturbations import box_curves

__all__ = [
    'Curve',
    'Effect',
    'Face',
    'Figure',
    'Part',
    'TrainingCurve',
    'ambiguity_ellipses',
    'box_curves',
    'error_curves',
    'faces',
    'forest_plot',
    'landmark_errors',
    'make_sheet',
    'training_curves',
]
