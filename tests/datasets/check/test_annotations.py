"""Landmarks that are in each other's places, or where no landmark should be."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from benchmark.datasets.check.shapes import find_swaps
from benchmark.protocol.benchmarks import BENCHMARKS, get_benchmark


def moved(function):
    """A change of a face's landmarks as a function from face to face."""
    return lambda face: replace(face, keypoints=function(face.keypoints.copy()))


def exchange(first, second):
    def change(keypoints):
        keypoints[[first, second]] = keypoints[[second, first]]
        return keypoints

    return moved(change)


def mirror_image_only(face):
    return replace(face, keypoints=face.keypoints * [-1, 1] + [face.width - 1, 0])


def mirror_labels_only(layout):
    return moved(lambda keypoints: keypoints[list(layout.flip_indices)])


def move_one(landmark, distance):
    """Move a landmark up by a multiple of the inter-ocular distance (300W)."""

    def change(keypoints):
        keypoints[landmark, 1] -= distance * np.linalg.norm(keypoints[36] - keypoints[45])
        return keypoints

    return moved(change)


def shrink(face):
    middle = face.keypoints.mean(axis=0)
    return replace(face, keypoints=middle + (face.keypoints - middle) * 0.25)


@pytest.mark.parametrize('benchmark', BENCHMARKS)
def test_intact_data_give_no_finding(prepared, benchmark):
    report = prepared(benchmark).check()
    assert report.lines() == []
    assert not report.damaged
    assert report.summary() == [f'{benchmark}: looked at 22 faces in 22 images: nothing found']


@pytest.mark.parametrize('benchmark', [name for name, rules in BENCHMARKS.items() if rules.synthetic])
@pytest.mark.parametrize('how', ['image', 'labels'])
def test_every_mirrored_face_is_found(prepared, benchmark, how):
    data = prepared(benchmark)
    mirror = mirror_image_only if how == 'image' else mirror_labels_only(get_benchmark(benchmark).layout)
    data.plant(**{f'train_{index}': mirror for index in range(0, 14, 2)})
    report = data.check()
    assert [(finding.kind, finding.split, finding.face) for finding in report.findings] == [
        ('mirrored', 'train', index) for index in range(0, 14, 2)
    ]
    assert not report.damaged


@pytest.mark.parametrize(
    ('change', 'expected'),
    [
        (exchange(36, 45), {'swapped': (36, 45)}),
        (exchange(48, 54), {'swapped': (48, 54)}),
        (exchange(19, 24), {'swapped': (19, 24)}),
        (move_one(30, 0.6), {'outlying-landmark': (30,)}),
        (move_one(8, 0.6), {'outlying-landmark': (8,)}),
        (moved(lambda keypoints: 127 - keypoints), {'upside-down': ()}),
        (shrink, {'tiny-face': ()}),
    ],
)
def test_fault_is_found_by_its_name_and_landmarks(prepared, change, expected):
    data = prepared()
    data.plant(test_2=change)
    found = [finding for finding in data.check().findings if finding.kind != 'unusual-shape']
    assert {finding.kind: finding.landmarks for finding in found} == expected
    assert {(finding.split, finding.face, finding.image) for finding in found} == {('test', 2, 'test/2.jpg')}


def test_landmarks_in_a_wrong_order_are_no_face(prepared):
    data = prepared()
    data.plant(train_1=moved(lambda keypoints: np.roll(keypoints, 1, axis=0)))
    assert 'train 1: train/1.jpg: unusual-shape' in ' '.join(data.check().lines())


@pytest.mark.parametrize(('right', 'found'), [(0.25, False), (0.35, True)])
def test_landmark_may_lie_a_little_outside_the_image(prepared, right, found):
    def cut_off(face):
        side = np.ptp(face.keypoints, axis=0).max()
        most = face.keypoints[:, 0].max()
        return replace(face, keypoints=face.keypoints + np.array([face.width - 0.5 + right * side - most, 0]))

    data = prepared()
    data.plant(train_7=cut_off)
    findings = [finding for finding in data.check().findings if finding.kind == 'outside-image']
    assert bool(findings) == found
    if found:
        outside = data.faces()['train'][7].keypoints[list(findings[0].landmarks)]
        assert (outside[:, 0] > 128).all()
        assert 'up to 0.35 sides of the face outside (limit 0.3)' in findings[0].detail


@pytest.mark.parametrize(('shift', 'found'), [(0.0, False), (0.2, False), (0.4, True)])
def test_landmark_may_lie_a_little_outside_the_given_box(prepared, shift, found):
    def with_box(face):
        low, high = face.keypoints.min(axis=0), face.keypoints.max(axis=0)
        side = (high - low).max()
        x, y = (low + high) / 2
        # The longer side fills its box but for the shift.
        move = shift * side * ((high - low) == side)
        return replace(face, box=(x + move[0], y + move[1], side))

    data = prepared()
    data.plant(train_7=with_box)
    kinds = [finding.kind for finding in data.check().findings]
    assert kinds == ['outside-box'] * found


def test_only_two_landmarks_that_fit_in_each_others_places_are_swapped():
    expected = np.array([0, 1, 2 + 1j, 3j, 0.4])
    swapped = expected[[1, 0, 2, 3, 4]]
    far = expected.copy()
    far[0] = 0.5  # near the place of landmark 4, which is in its own
    assert find_swaps(swapped, expected) == ([(0, 1, 2.0)], [2, 3, 4])
    assert find_swaps(far, expected) == ([], [0, 1, 2, 3, 4])
