"""Files that are not what they were."""

from __future__ import annotations

import json
import shutil

import cv2
import pytest

from benchmark.datasets.check.findings import DAMAGE


def remove_image(data):
    (data.images / 'train/3.jpg').unlink()


def cut_image_short(data):
    path = data.images / 'test/2.jpg'
    path.write_bytes(path.read_bytes()[:-700])


def empty_image(data):
    (data.images / 'test/2.jpg').write_bytes(b'')


def replace_image_by_text(data):
    (data.images / 'test/2.jpg').write_text('not found')


def shrink_image(data):
    path = data.images / 'train/5.jpg'
    cv2.imwrite(str(path), cv2.imread(str(path))[:100, :90])


def encode_image_again(data):
    path = data.images / 'train/5.jpg'
    cv2.imwrite(str(path), cv2.imread(str(path)), [cv2.IMWRITE_JPEG_QUALITY, 60])


def remove_images(data):
    shutil.rmtree(data.images)


def change_landmark(data):
    path = data.folder / 'annotations/train.json'
    content = json.loads(path.read_text())
    content['annotations'][4]['keypoints'][0] += 1
    path.write_text(json.dumps(content))


def drop_annotation(data):
    path = data.folder / 'annotations/train.json'
    content = json.loads(path.read_text())
    del content['images'][-1], content['annotations'][-1]
    path.write_text(json.dumps(content))


def remove_annotations(data):
    (data.folder / 'annotations/test.json').unlink()


def cut_annotations_short(data):
    path = data.folder / 'annotations/test.json'
    path.write_bytes(path.read_bytes()[:-300])


def change_manifest(**changes):
    def change(data):
        path = data.folder / 'manifest.json'
        content = json.loads(path.read_text())
        for name, value in changes.items():
            if isinstance(value, dict):
                content[name].update(value)
            else:
                content[name] = value
        path.write_text(json.dumps(content))

    return change


@pytest.mark.parametrize(
    ('damage', 'expected'),
    [
        (remove_image, ['train 3: train/3.jpg: missing-image: no such file']),
        (cut_image_short, ['test 2: test/2.jpg: corrupt-image: damaged image: ']),
        (empty_image, ['test 2: test/2.jpg: corrupt-image: the image file is empty']),
        (replace_image_by_text, ['test 2: test/2.jpg: corrupt-image: not a JPEG or PNG image']),
        (shrink_image, ['train 5: train/5.jpg: image-size: the image is 90 x 100, its annotation says 128 x 128']),
        (encode_image_again, ['manifest.json: fingerprint: the content has ']),
        (remove_images, ['missing-image: all 22 images: there is no folder ']),
        (change_landmark, ['train: annotations/train.json: annotation-file: changed since it was prepared']),
        (
            drop_annotation,
            [
                'train: count: 13 faces, the manifest says 14',
                'train: annotations/train.json: annotation-file: changed since it was prepared',
            ],
        ),
        (remove_annotations, ['test: annotations/test.json: annotation-file: cannot be read: No such file']),
        (
            cut_annotations_short,
            ['test: annotations/test.json: annotation-file: changed', 'test: annotations/test.json'],
        ),
        (change_manifest(train_images=15), ['train: count: 14 faces, the manifest says 15']),
        (
            change_manifest(subset_images={'challenge': 3}),
            ['test: count: 1 faces in subset challenge, the manifest says 3'],
        ),
        (change_manifest(fingerprint='0' * 64), ['manifest.json: fingerprint: the content has ']),
        (change_manifest(pixels='0' * 64), ['manifest.json: fingerprint: the pixels have ']),
    ],
    ids=lambda value: getattr(value, '__name__', None) if callable(value) else '',
)
def test_damage_is_found_and_nothing_else(prepared, damage, expected):
    data = prepared()
    damage(data)
    report = data.check()
    assert report.damaged
    assert set(report.counts) <= set(DAMAGE)
    lines = sorted(report.lines())
    assert len(lines) == len(expected)
    for line, start in zip(lines, sorted(f'300w: {start}' for start in expected), strict=True):
        assert line.startswith(start)
        assert '\n' not in line


def test_other_faces_are_still_checked_beside_damage(prepared):
    data = prepared()
    remove_image(data)
    change_landmark(data)
    report = data.check()
    assert report.counts == {'annotation-file': 1, 'missing-image': 1}
    assert (report.images, report.faces) == (22, 22)
