from __future__ import annotations

import numpy as np
import pytest
import torch

from benchmark.models.networks.anisotropic_attention import AnisotropicAttention, contour_membership
from benchmark.protocol.layouts import LAYOUTS


@pytest.mark.parametrize('layout', LAYOUTS.values(), ids=LAYOUTS)
def test_weights_are_contours_times_points(layout):
    rng = np.random.default_rng(0)
    edge_maps = rng.random((2, len(layout.curves), 3, 5))
    point_maps = rng.random((2, layout.num_landmarks, 3, 5))
    expected = np.zeros_like(point_maps)
    for landmark in range(layout.num_landmarks):
        own = [edge for edge, curve in enumerate(layout.curves) if landmark in curve.indices]
        contour = sum(edge_maps[:, edge] for edge in own) if own else 1.0
        expected[:, landmark] = contour * point_maps[:, landmark]
    attention = AnisotropicAttention(layout).double()
    weights = attention(torch.from_numpy(edge_maps), torch.from_numpy(point_maps))
    np.testing.assert_allclose(weights, expected, rtol=1e-12)


@pytest.mark.parametrize(('name', 'free'), [('cofw', [16, 17, 28]), ('300w', []), ('wflw', [96, 97])])
def test_landmarks_on_no_contour_are_known(name, free):
    _, alone = contour_membership(LAYOUTS[name])
    assert alone.nonzero().flatten().tolist() == free


def test_upper_and_lower_lip_of_cofw_share_the_corners():
    membership, _ = contour_membership(LAYOUTS['cofw'])
    assert (membership.sum(1) == 2).nonzero().flatten().tolist() == [22, 23]


def test_it_has_nothing_to_train_or_to_store():
    attention = AnisotropicAttention(LAYOUTS['wflw'])
    assert not list(attention.parameters())
    assert not attention.state_dict()
