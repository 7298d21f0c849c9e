from __future__ import annotations

import numpy as np
import pytest

from benchmark.site.figures import box_curves

SCALES = np.array([(0.8, 12.0), (1.0, 9.5), (1.3, 15.5)])
SHIFTS = np.array([(0.0, 9.5), (0.1, 10.5), (0.2, 16.0)])


def test_both_curves_have_one_scale_and_their_points(read):
    drawn = read(box_curves('perturbed', 'title', SCALES, SHIFTS))
    (sizes,), (places,) = drawn.lines('scale'), drawn.lines('shift')
    assert len(sizes) == len(places) == 3
    assert sizes[1, 1] == pytest.approx(places[0, 1]), 'the same NME lies at the same height'
    heights = np.concatenate((sizes[:, 1], places[:, 1]))
    nme = np.concatenate((SCALES[:, 1], SHIFTS[:, 1]))
    slope, _ = np.polyfit(nme, heights, 1)
    np.testing.assert_allclose(heights - slope * nme, (heights - slope * nme)[0], atol=0.05)
    assert slope < 0
    np.testing.assert_allclose(np.diff(sizes[:, 0]) / np.ptp(sizes[:, 0]), [0.4, 0.6], atol=1e-3)


@pytest.mark.parametrize('points', [SCALES[:1], np.array([(0.8, np.nan), (1.0, 9.0)])])
def test_what_makes_no_curve_is_refused(points):
    with pytest.raises(ValueError, match='two finite points'):
        box_curves('perturbed', 'title', points, SHIFTS)
