from __future__ import annotations

import multiprocessing
import time

import numpy as np
import pytest

from benchmark.datasets.drawing import Noise
from benchmark.datasets.prepared import open_prepared
from benchmark.datasets.synthetic import draw_face, generate, prepare_synthetic, render_face
from benchmark.datasets.synthetic.landmarks import ISOTROPIC, PLACES, PUPIL
from benchmark.datasets.synthetic.parameters import FaceParameters
from benchmark.errors import BenchmarkError
from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.protocol.metrics import NORMALIZERS, normalizing_distance
from benchmark.protocol.test_sets import faults

# Of 4 training and 6 test faces; others only where GENERATOR_VERSION has been raised.
FINGERPRINTS = {
    'synthetic-29': '47b1043f8a68395a12e2e795aea7d15689fce38d68816ea7f483f45ac05ddb35',
    'synthetic-68': 'a7e8b626978b854a3ac3e3e952631b784af5e7a5d6a1cc05639f3d57b5713d8c',
    'synthetic-98': '78820ea589d8ce9b47941ce5b9b841c303726f2cae03b6d0c1ab1f3119521612',
}
SYNTHETIC = [name for name, benchmark in BENCHMARKS.items() if benchmark.synthetic]


@pytest.fixture(scope='module')
def prepared(tmp_path_factory):
    """Small synthetic benchmarks of all three layouts."""
    root = tmp_path_factory.mktemp('synthetic')
    return root, {name: prepare_synthetic(root, name, train_images=4, test_images=6) for name in SYNTHETIC}


def test_the_same_seed_gives_the_same_fingerprint_and_another_seed_another(prepared, tmp_path):
    _, manifests = prepared
    again = prepare_synthetic(tmp_path, 'synthetic-29', train_images=4, test_images=6)
    other = prepare_synthetic(tmp_path / 'other', 'synthetic-29', train_images=4, test_images=6, seed=1)
    assert again.fingerprint == manifests['synthetic-29'].fingerprint != other.fingerprint


def test_fingerprints_are_the_same_on_every_machine(prepared):
    _, manifests = prepared
    assert {name: manifest.fingerprint for name, manifest in manifests.items()} == FINGERPRINTS


def test_a_face_does_not_depend_on_the_faces_drawn_before_it(prepared):
    root, _ = prepared
    drawn = draw_face('synthetic-68', 'test', 3)
    stored = open_prepared(root, 'synthetic-68').test[3]
    np.testing.assert_array_equal(drawn.keypoints, stored.keypoints)
    np.testing.assert_array_equal(drawn.rendered.landmarks.ambiguity, stored.ambiguity)
    assert drawn.subsets == stored.subsets


def test_a_finished_preparation_is_not_repeated_and_other_parameters_replace_it(tmp_path):
    first = prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6)
    image = tmp_path / 'synthetic-29' / 'images' / 'train' / '00000.png'
    written = image.stat().st_mtime_ns
    assert prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6) == first
    assert image.stat().st_mtime_ns == written
    second = prepare_synthetic(tmp_path, 'synthetic-29', train_images=1, test_images=6)
    assert second.train_images == 1 and second.fingerprint != first.fingerprint
    assert len(list(image.parent.iterdir())) == 1


def test_an_interrupted_preparation_is_begun_again(tmp_path):
    first = prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6)
    folder = tmp_path / 'synthetic-29'
    (folder / 'manifest.json').unlink()
    (folder / 'images' / 'test' / '00003.png').write_bytes(b'')
    assert prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6) == first


def test_a_preparation_that_lost_an_image_is_begun_again(tmp_path):
    first = prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6)
    image = tmp_path / 'synthetic-29' / 'images' / 'test' / '00003.png'
    image.unlink()
    assert prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6) == first
    assert image.is_file()


@pytest.mark.parametrize('name', SYNTHETIC)
def test_train_and_test_have_no_image_in_common(prepared, name):
    root, _ = prepared
    images = [path.read_bytes() for path in (root / name / 'images').rglob('*.png')]
    assert len(images) == len(set(images)) == 10


@pytest.mark.parametrize('name', SYNTHETIC)
def test_no_test_subset_is_empty_and_nothing_is_missing(prepared, name):
    _, manifests = prepared
    assert manifests[name].complete
    assert tuple(manifests[name].subset_images) == BENCHMARKS[name].subsets
    assert min(manifests[name].subset_images.values()) >= 1


@pytest.mark.parametrize('name', SYNTHETIC)
def test_test_annotations_are_exact(name):
    face = draw_face(name, 'test', 0)
    np.testing.assert_array_equal(face.keypoints, face.rendered.landmarks.exact)
    for track in face.rendered.landmarks.tracks:
        points, vertices = face.keypoints[track.indices], track.path.points
        start, step = vertices[:-1], np.diff(vertices, axis=0)
        place = np.clip(((points[:, None] - start) * step).sum(-1) / (step * step).sum(-1), 0, 1)
        distance = np.linalg.norm(points[:, None] - start - place[..., None] * step, axis=-1).min(axis=1)
        assert distance.max() < 1e-9


@pytest.mark.parametrize('name', SYNTHETIC)
def test_training_annotations_scatter_by_the_stored_covariance(name):
    landmarks = draw_face(name, 'train', 2).rendered.landmarks
    rng = np.random.default_rng(11)
    draws = 2000
    residuals = np.stack([landmarks.annotate(rng) for _ in range(draws)]) - landmarks.exact
    # The noise is centred on the contour but for its bending, which is small against its spread.
    spread = np.sqrt(np.linalg.eigvalsh(landmarks.ambiguity)[:, 1])
    assert (np.linalg.norm(residuals.mean(axis=0), axis=1) < 0.4 * spread).all()
    # In units of the stored covariance the scatter of every landmark is the unit matrix; five standard errors.
    residuals -= residuals.mean(axis=0)
    white = np.linalg.solve(np.linalg.cholesky(landmarks.ambiguity), residuals[..., None])[..., 0]
    scatter = np.einsum('nki,nkj->kij', white, white) / draws
    assert np.abs(scatter - np.eye(2)).max() < 5 * np.sqrt(2 / draws)
    assert np.abs((scatter - np.eye(2)).mean(axis=0)).max() < 0.02


@pytest.mark.parametrize('name', SYNTHETIC)
def test_ambiguity_is_long_along_contours_and_round_at_corners_and_pupils(name):
    layout = BENCHMARKS[name].layout.name
    landmarks = render_face(FaceParameters(), layout, np.random.default_rng(0)).landmarks
    small, large = np.sqrt(np.linalg.eigvalsh(landmarks.ambiguity)).T
    for index, place in enumerate(PLACES[layout]):
        if place.slides:
            assert large[index] > 3 * small[index]
        else:
            assert large[index] == pytest.approx(small[index])
            assert small[index] / small.min() <= 1.001 * PUPIL / ISOTROPIC


@pytest.mark.parametrize('name', SYNTHETIC)
def test_the_shipped_list_is_that_of_the_faces_that_are_drawn_today(name):
    rules, faces = BENCHMARKS[name], [draw_face(name, 'test', index) for index in (0, 4, 11)]
    subsets = np.array([[subset == 'full' or subset in face.subsets for subset in rules.subsets] for face in faces])
    truth = np.array([face.keypoints for face in faces])
    distances = (normalizing_distance(truth, name, normalizer) for normalizer in NORMALIZERS)
    images = ['test/00000.png', 'test/00004.png', 'test/00011.png']
    assert [fault.text for fault in faults(name, images, rules.subsets, subsets, *distances)] == [
        '397 of 400 images of the published test set are missing (first: test/00001)'
    ]


def test_training_landmarks_differ_from_the_exact_ones():
    face = draw_face('synthetic-98', 'train', 0)
    distance = np.linalg.norm(face.keypoints - face.rendered.landmarks.exact, axis=1)
    assert distance[:33].mean() > distance[60:76].mean() > 0


def test_synthetic_29_is_rich_in_occlusion():
    share = np.mean([draw_face('synthetic-29', 'test', index).rendered.occluded.any() for index in range(16)])
    assert 0.25 < share < 0.9


@pytest.mark.parametrize(
    ('arguments', 'message'),
    [
        (('300w',), 'not a synthetic benchmark'),
        (('synthetic-29', 0, 10), 'too few'),
        (('synthetic-29', 10, 5), 'too few'),
        (('synthetic-29', 10, 10, -1), 'negative'),
        (('synthetic-30',), 'synthetic-30'),
    ],
)
def test_impossible_requests_are_refused(tmp_path, arguments, message):
    with pytest.raises(BenchmarkError, match=message):
        prepare_synthetic(tmp_path, *arguments)
    assert not any(tmp_path.iterdir())


def test_a_folder_that_cannot_be_written_is_named(tmp_path):
    (tmp_path / 'synthetic-29').write_text('a file where the folder should be')
    with pytest.raises(BenchmarkError, match=r'cannot write .*synthetic-29'):
        prepare_synthetic(tmp_path, 'synthetic-29', train_images=1, test_images=6)


def _draw_in(root, drawn):
    write = generate._write_face
    generate._write_face = lambda *arguments: (drawn.append(arguments[-1]), time.sleep(0.05), write(*arguments))[2]
    prepare_synthetic(root, 'synthetic-29', train_images=2, test_images=6)


def test_faces_that_another_process_is_drawing_are_waited_for_and_used(tmp_path):
    context = multiprocessing.get_context('fork')
    with context.Manager() as manager:
        drawn = manager.list()
        processes = [context.Process(target=_draw_in, args=(tmp_path, drawn)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert len(drawn) == 8
    assert sorted(path.name for path in (tmp_path / 'synthetic-29').iterdir()) == [
        'annotations',
        'images',
        'manifest.json',
    ]


def test_drawing_that_fails_leaves_what_was_there(tmp_path, monkeypatch):
    first = prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6)
    before = {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()}

    def interrupt(*arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(generate, 'draw_face', interrupt)
        prepare_synthetic(tmp_path, 'synthetic-29', train_images=3, test_images=6)
    assert {path: path.read_bytes() for path in tmp_path.rglob('*') if path.is_file()} == before
    assert prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6) == first


def test_left_overs_of_a_killed_drawing_are_removed(tmp_path):
    left = tmp_path / 'synthetic-29' / '.making-images' / 'train'
    left.mkdir(parents=True)
    (left / '00007.png').write_bytes(b'half')
    prepare_synthetic(tmp_path, 'synthetic-29', train_images=2, test_images=6)
    assert not left.exists() and len(list((tmp_path / 'synthetic-29' / 'images' / 'train').iterdir())) == 2


def _spread(noise):
    landmarks = draw_face('synthetic-68', 'train', 3, noise=noise).rendered.landmarks
    return landmarks, np.array([place.slides for place in PLACES['300w']])


@pytest.mark.parametrize('percent', [0, 1, 4])
def test_noise_of_one_size_has_that_size_along_contours_and_in_all_directions(percent):
    along, slides = _spread(Noise('along', percent))
    around, _ = _spread(Noise('around', percent))
    small, large = np.linalg.eigvalsh(along.ambiguity).T
    # Both move a landmark as far, in root mean square; where a contour bends sharply, steps along it lead less far.
    sums = [np.trace(one.ambiguity, axis1=1, axis2=2) for one in (along, around)]
    ratios = sums[0][slides] / sums[1][slides]
    assert abs(np.median(ratios) - 1) < 0.02 and ratios.min() > 0.85 and ratios.max() < 1.02
    np.testing.assert_allclose(*(total[~slides] for total in sums), rtol=1e-12)
    round_ones = np.linalg.eigvalsh(around.ambiguity)
    np.testing.assert_allclose(round_ones[:, 0], round_ones[:, 1], rtol=1e-9)
    if percent:
        assert (np.sqrt(large / small)[slides] > 2).all()
        sizes = np.sqrt(large - small)[slides]
        np.testing.assert_allclose(sizes, np.median(sizes), rtol=0.15)


def test_noise_changes_neither_pictures_nor_test_landmarks():
    usual = [draw_face('synthetic-68', split, 3) for split in ('train', 'test')]
    noisy = [draw_face('synthetic-68', split, 3, noise=Noise('along', 4)) for split in ('train', 'test')]
    for one, other in zip(usual, noisy, strict=True):
        np.testing.assert_array_equal(one.rendered.image, other.rendered.image)
    np.testing.assert_array_equal(usual[1].keypoints, noisy[1].keypoints)
    assert np.abs(usual[0].keypoints - noisy[0].keypoints).max() > 0.1
