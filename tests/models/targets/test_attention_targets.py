from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from benchmark.models.targets.attention_targets import draw_edge_maps, draw_point_maps
from benchmark.models.targets.curve_sampling import sample_curves, trace
from benchmark.protocol.layouts import LAYOUTS, Curve
from benchmark.suite.speed.reference_targets import draw_edge_maps_plainly, draw_point_maps_plainly, trace_plainly
from tests.models.other_device import OtherDevice

GOLDEN = Path(__file__).parents[2] / 'data' / 'targets.npz'
NAMES = {'cofw': 'COFW', '300w': '300W', 'wflw': 'WFLW'}
SIZES = (256, 256), (64, 64)


@pytest.fixture(scope='module')
def golden():
    """Landmarks (2, K, 2), point maps and edge maps of the official code, of each layout."""
    with np.load(GOLDEN) as file:
        return {
            layout: tuple(
                np.stack([file[f'{name}/{index}/{key}'] for index in (0, 1)])
                for key in ('landmarks', 'point_maps', 'edge_maps')
            )
            for layout, name in NAMES.items()
        }


@pytest.fixture(scope='module')
def make_faces(golden):
    """Rotated, scaled, shifted and deformed faces (N, K, 2) of a layout; the last third partly outside the image."""

    def make(layout, count=12, size=256, seed=0):
        rng = np.random.default_rng(seed)
        faces = golden[layout][0][rng.integers(0, 2, count)].astype(np.float64)
        angle, zoom = 0.3 * rng.normal(size=count), 1 + 0.15 * rng.normal(size=count)
        shift = rng.normal(size=(count, 1, 2)) * np.where(np.arange(count) < 2 * count // 3, 8, 60)[:, None, None]
        turn = zoom * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        faces = np.einsum('nki,jin->nkj', faces - 127.5, turn) + 127.5 + shift + rng.normal(size=faces.shape)
        return (faces * size / 256).astype(np.float32)

    return make


def assert_edges_match(maps, expected):
    """What the docstring of draw_edge_maps promises."""
    drawn = (maps > 0) | (expected > 0)
    one_only = (maps > 0) != (expected > 0)
    difference = maps - expected
    assert abs(difference).mean() < 1e-3
    assert abs(difference)[drawn].mean() < 0.03
    assert abs(difference[drawn].mean()) < 0.012
    assert abs(difference).max() < 0.3
    assert one_only.sum() < 0.05 * drawn.sum()
    assert np.maximum(maps, expected)[one_only].max(initial=0) < 0.07


@pytest.mark.parametrize('layout', NAMES)
def test_point_maps_equal_the_official_ones(golden, layout):
    landmarks, expected, _ = golden[layout]
    maps = draw_point_maps(torch.from_numpy(landmarks), *SIZES)
    assert maps.dtype == torch.float32
    np.testing.assert_allclose(maps.numpy(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize('layout', NAMES)
def test_edge_maps_match_the_official_ones(golden, layout):
    landmarks, _, expected = golden[layout]
    maps = draw_edge_maps(torch.from_numpy(landmarks), LAYOUTS[layout].curves, *SIZES)
    assert maps.dtype == torch.float32
    assert_edges_match(maps.numpy(), expected)


@pytest.mark.parametrize('layout', NAMES)
def test_the_plain_drawing_is_the_official_one(golden, layout):
    for landmarks, point_maps, edge_maps in zip(*golden[layout], strict=True):
        np.testing.assert_allclose(draw_point_maps_plainly(landmarks, *SIZES), point_maps, rtol=0, atol=1e-6)
        maps = draw_edge_maps_plainly(landmarks, LAYOUTS[layout].curves, *SIZES)
        np.testing.assert_allclose(maps, edge_maps, rtol=0, atol=1e-6)


@pytest.mark.parametrize(
    ('input_size', 'map_size'), [(*SIZES,), ((128, 128), (32, 32)), ((256, 192), (128, 96)), ((96, 144), (32, 48))]
)
def test_point_maps_equal_the_plain_drawing_wherever_landmarks_lie(make_faces, input_size, map_size):
    faces = make_faces('wflw', size=min(input_size))
    # Each side of every rounding near the edges, and far outside.
    edge = np.concatenate((np.arange(-1, 6, 0.25), np.array(input_size) - 1.25, [min(input_size) + 5, -300, 900]))
    faces[0, : len(edge)] = np.stack((edge, edge[::-1]), -1)
    maps = draw_point_maps(torch.from_numpy(faces), input_size, map_size).numpy()
    expected = np.stack([draw_point_maps_plainly(face, input_size, map_size) for face in faces])
    np.testing.assert_allclose(maps, expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize('layout', NAMES)
@pytest.mark.parametrize(('input_size', 'map_size'), [(*SIZES,), ((128, 128), (32, 32)), ((256, 192), (128, 96))])
def test_edge_maps_match_the_plain_drawing_wherever_landmarks_lie(make_faces, layout, input_size, map_size):
    curves = LAYOUTS[layout].curves
    faces = make_faces(layout, size=min(input_size))
    maps = draw_edge_maps(torch.from_numpy(faces), curves, input_size, map_size).numpy()
    expected = np.stack([draw_edge_maps_plainly(face, curves, input_size, map_size) for face in faces])
    assert_edges_match(maps, expected)


@pytest.mark.parametrize('closed', [False, True])
@pytest.mark.parametrize('landmarks', [3, 4, 5, 9, 33])
def test_splines_are_those_of_scipy(landmarks, closed):
    points = np.random.default_rng(landmarks).uniform(0, 256, (6, landmarks, 2))
    sampled = trace(torch.from_numpy(points), closed).numpy()
    assert sampled.shape == (6, landmarks - 1 + closed, 6, 2)
    if landmarks == 3 and not closed:
        expected = np.stack([np.linspace(points[:, gap], points[:, gap + 1], 6, axis=1) for gap in (0, 1)], axis=1)
        np.testing.assert_allclose(sampled, expected, atol=1e-9)
        return
    expected = np.stack([trace_plainly(face, closed) for face in points])
    np.testing.assert_allclose(sampled[:, :, :5].reshape(6, -1, 2), expected[:, : 5 * sampled.shape[1]], atol=1e-6)
    np.testing.assert_array_equal(sampled[:, 1:, 0], sampled[:, :-1, 5])
    np.testing.assert_allclose(sampled[:, -1, 5], points[:, 0 if closed else -1], atol=1e-9)


@pytest.mark.parametrize('closed', [False, True])
def test_coincident_landmarks_are_joined_by_straight_lines(closed):
    rng = np.random.default_rng(0)
    faces = rng.uniform(40, 200, (3, 8, 2)).astype(np.float32)
    faces[1, 3] = faces[1, 2]
    curves = (Curve('contour', tuple(range(8)), closed),)
    maps = draw_edge_maps(torch.from_numpy(faces), curves, *SIZES).numpy()
    assert np.isfinite(maps).all()
    expected = np.stack([draw_edge_maps_plainly(face, curves, *SIZES) for face in faces])
    assert abs(maps - expected).mean(axis=(1, 2, 3)).max() < 2e-3
    straight = sample_curves(torch.from_numpy(faces[1:2]), curves)[0]
    np.testing.assert_allclose(straight.diff(n=2, dim=-2), 0, atol=1e-4)


def test_a_curve_within_one_point_is_a_dot():
    maps = draw_edge_maps(torch.full((1, 5, 2), 101.5), (Curve('contour', tuple(range(5)), True),), *SIZES)
    assert maps.sum() > 0
    assert torch.count_nonzero(maps) <= 4


@pytest.mark.parametrize('layout', NAMES)
def test_a_face_is_drawn_alike_alone_and_in_a_batch(make_faces, layout):
    faces = torch.from_numpy(make_faces(layout))
    curves = LAYOUTS[layout].curves
    alone = torch.cat([draw_edge_maps(face[None], curves, *SIZES) for face in faces])
    torch.testing.assert_close(draw_edge_maps(faces, curves, *SIZES), alone, rtol=0, atol=1 / 63)
    alone = torch.cat([draw_point_maps(face[None], *SIZES) for face in faces])
    assert torch.equal(draw_point_maps(faces, *SIZES), alone)


@pytest.mark.parametrize('layout', NAMES)
def test_another_device_draws_the_same_maps(make_faces, layout):
    faces, curves = torch.from_numpy(make_faces(layout)), LAYOUTS[layout].curves
    points, edges = draw_point_maps(faces, *SIZES), draw_edge_maps(faces, curves, *SIZES)
    with OtherDevice():
        other_points, other_edges = draw_point_maps(faces, *SIZES), draw_edge_maps(faces, curves, *SIZES)
    torch.testing.assert_close(other_points, points, rtol=0, atol=1e-6)
    difference = (other_edges - edges).abs()
    assert difference.max() < 0.02
    assert difference[edges > 0].mean() < 1e-3


def test_targets_are_drawn_without_reading_values_back():
    """Reading a value, or a shape that depends on one, fails on PyTorch's meta device; on a GPU it would wait."""
    keypoints = torch.empty(4, 98, 2, device='meta')
    assert draw_point_maps(keypoints, *SIZES).shape == (4, 98, 64, 64)
    assert draw_edge_maps(keypoints, LAYOUTS['wflw'].curves, *SIZES).shape == (4, 9, 64, 64)


def test_targets_have_no_gradient():
    keypoints = torch.full((1, 29, 2), 100.0, requires_grad=True)
    assert not draw_point_maps(keypoints, *SIZES).requires_grad
    assert not draw_edge_maps(keypoints, LAYOUTS['cofw'].curves, *SIZES).requires_grad


@pytest.mark.parametrize('map_size', [(100, 100), (64, 32)])
def test_unequal_or_broken_reductions_are_refused(map_size):
    keypoints = torch.zeros(1, 29, 2)
    with pytest.raises(ValueError, match=r'map_size: \(256, 256\) is not a whole multiple'):
        draw_point_maps(keypoints, (256, 256), map_size)
    with pytest.raises(ValueError, match=r'map_size: \(256, 256\) is not a whole multiple'):
        draw_edge_maps(keypoints, LAYOUTS['cofw'].curves, (256, 256), map_size)
