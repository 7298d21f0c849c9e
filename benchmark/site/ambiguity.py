"""How well predicted heatmaps show the true direction of ambiguity, which only synthetic faces know.

STAR loss (Zhou et al., CVPR 2023, section 3) rests on heatmaps that stretch along the contour on which annotators
disagree. The synthetic annotations are drawn with a known covariance, so the claim can be measured: the angle between
the main axis of the predicted heatmap and that of the true covariance.
"""

from __future__ import annotations

from dataclasses import dataclass

from benchmark.site.rows import Row
from benchmark.site.summaries import Summary, summarize

CHANCE_DEGREES = 45.0


@dataclass(frozen=True)
class Agreement:
    """Agreement of a row's heatmaps with the true ambiguity.

    Attributes:
        angle: median angle in degrees, over seeds; 45 is chance.
        cosine: mean absolute cosine of the angle, over seeds; 2 / pi = 0.64 is chance.
        landmarks: number of landmarks, over all test images, whose true covariance has a direction.
    """

    angle: Summary
    cosine: Summary
    landmarks: int


def agreement(row: Row) -> Agreement | None:
    """Agreement of a row over its finished seeds; None where it cannot be measured."""
    measured = [run.digest.angles for run in row.done]
    if not measured or None in measured:
        return None
    angles, cosines, (landmarks, *_) = zip(*measured, strict=True)
    return Agreement(summarize(angles, landmarks), summarize(cosines, landmarks), landmarks)
