"""How large a file is, for made-up predictions with the statistics of real ones."""

from __future__ import annotations

import numpy as np

from benchmark.records.predictions import Predictions, save_predictions

IMAGES, LANDMARKS = 2500, 98


def _along_the_face(rng, spread):
    """(N, K) noise that neighbouring landmarks share in part."""
    noise = rng.normal(size=(IMAGES, LANDMARKS + 2))
    return spread * (noise[:, :-2] + 2 * noise[:, 1:-1] + noise[:, 2:]) / np.sqrt(6)


def _like_wflw(seed=0):
    """A test set of WFLW's size whose numbers are spread like those of the networks in ``reports/records``.

    In units of the inter-ocular distance, which goes from some 25 to 300 pixels: faces with twelve ways to deform,
    turned and seen from the side, whose steps from landmark to landmark differ by 0.04 (standard deviation) from the
    mean step; errors whose 1st, 50th and 99th percentiles are 0.002, 0.027 and 0.15; heatmaps of 0.14 to 0.4 along and
    0.13 to 0.3 across, wider where the error is large, with a mean axis for each landmark. Neighbours are less alike
    than the real ones, whose file would be a tenth smaller.
    """
    rng = np.random.default_rng(seed)
    hardness = np.exp(rng.normal(0, 0.4, (IMAGES, 1)))
    inter_ocular = np.exp(rng.normal(np.log(90), 0.5, (IMAGES, 1)))
    turn = np.exp(1j * rng.normal(0, 0.2, (IMAGES, 1)))

    ways = np.cumsum(rng.normal(0, 0.007, (12, LANDMARKS, 2)), axis=1)
    face = np.cumsum(rng.normal(0, 0.12, (LANDMARKS, 2)), axis=0) + np.tensordot(rng.normal(size=(IMAGES, 12)), ways, 1)
    error = 0.028 * hardness * (_along_the_face(rng, 1) + 1j * _along_the_face(rng, 1))
    error *= rng.gamma(4, 0.25, (1, LANDMARKS))
    upright = rng.normal(1, 0.05, (IMAGES, 1)) * face[..., 0] + 1j * face[..., 1]
    place = rng.uniform(200, 800, (IMAGES, 1)) + 1j * rng.uniform(200, 800, (IMAGES, 1))
    points = place + inter_ocular * (turn * upright + error)

    across = 0.19 * hardness**0.3 * np.exp(rng.normal(0, 0.1, LANDMARKS) + _along_the_face(rng, 0.1))
    along = across * np.exp(np.abs(rng.normal(0.15, 0.15, LANDMARKS) + _along_the_face(rng, 0.1)))
    axis = turn**2 * np.exp(1j * (rng.uniform(0, 2 * np.pi, LANDMARKS) + _along_the_face(rng, 0.5)))
    trace, rest = inter_ocular**2 * (along**2 + across**2) / 2, inter_ocular**2 * (along**2 - across**2) / 2 * axis

    kinds, numbers = rng.integers(0, 60, IMAGES), rng.integers(0, 1000, IMAGES)
    names = [f'{k}--Group_Of_People/{k}_Group_Of_People_{n}.jpg' for k, n in zip(kinds, numbers, strict=True)]
    return Predictions(
        image_ids=np.array(names),
        subset_names=np.array(['full', 'pose', 'expression', 'illumination', 'makeup', 'occlusion', 'blur']),
        subsets=np.concatenate([np.ones((IMAGES, 1), bool), rng.random((IMAGES, 6)) < 0.2], axis=1),
        keypoints=np.stack([points.real, points.imag], axis=-1).astype(np.float32),
        distances=(inter_ocular * np.abs(error)).astype(np.float32),
        inter_ocular=inter_ocular[:, 0].astype(np.float32),
        inter_pupil=(inter_ocular[:, 0] / rng.normal(1.42, 0.02, IMAGES)).astype(np.float32),
        covariances=np.stack([trace + rest.real, rest.imag, trace - rest.real], axis=-1).astype(np.float32),
    )


def test_2500_images_with_98_landmarks_and_covariances_take_a_megabyte_and_a_half(tmp_path):
    made = _like_wflw()
    save_predictions(made, tmp_path / 'p.npz')
    assert (tmp_path / 'p.npz').stat().st_size <= 1_500_000
    arrays = {name: array for name, array in vars(made).items() if array is not None}
    np.savez_compressed(tmp_path / 'plain.npz', **arrays)
    assert (tmp_path / 'plain.npz').stat().st_size > 5_000_000


def test_made_up_errors_and_heatmaps_are_as_large_as_real_ones():
    made = _like_wflw()
    size = made.inter_ocular[:, None]
    np.testing.assert_allclose(np.percentile(made.distances / size, [1, 50, 99]), [0.002, 0.027, 0.15], rtol=0.15)
    xx, xy, yy = np.moveaxis(made.covariances / size[..., None] ** 2, -1, 0)
    middle, radius = (xx + yy) / 2, np.hypot((xx - yy) / 2, xy)
    np.testing.assert_allclose(np.percentile(np.sqrt(middle + radius), [1, 99]), [0.14, 0.4], rtol=0.1)
    np.testing.assert_allclose(np.percentile(np.sqrt(middle - radius), [1, 99]), [0.13, 0.3], rtol=0.1)
    steps = np.diff(made.keypoints / size[..., None], axis=1)
    assert 0.03 < (steps - steps.mean(axis=0)).std() < 0.05
