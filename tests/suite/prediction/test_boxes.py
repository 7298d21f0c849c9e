from __future__ import annotations

import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from benchmark.suite.prediction import detector, predictor
from tests.prediction import BOX


def test_whole_image_is_said_unless_it_was_asked_for(trained, predict):
    silent = predict(trained.photographs[0])
    assert 'no box was given: the whole image is taken for it' in silent.lines[0]
    asked = predict(trained.photographs[0], '--box', 'whole')
    assert 'no box was given' not in asked.err
    (face,) = asked.document(trained.photographs[0].stem)['faces']
    assert face['box_from'] == 'whole image' and face['box'][:2] == [0, 0]


@pytest.mark.parametrize(
    ('box', 'message'),
    [
        ('1,2,3', "'1,2,3' is not x,y,w,h"),
        ('a,2,3,4', "'a,2,3,4' is not x,y,w,h"),
        ('1,2,0,4', 'box 1,2,0,4: no area'),
        ('1,2,3,-4', 'box 1,2,3,-4: no area'),
        ('nan,2,3,4', 'box nan,2,3,4: not finite'),
        ('1,2,inf,4', 'box 1,2,inf,4: not finite'),
    ],
)
def test_box_that_is_none_is_wrong_usage(trained, predict, box, message):
    done = predict(trained.photographs[0], '--box', box)
    assert done.status == 2 and message in done.err and len(done.lines) == 1


@pytest.mark.parametrize(
    ('box', 'message'),
    [
        ('9000,0,50,50', 'box 9000,0,50,50: outside the image of'),
        ('-50,0,50,50', 'box -50,0,50,50: outside the image of'),
        ('0,0,90000,50', 'box 0,0,90000,50: more than 10 times as large as the image of'),
    ],
)
def test_box_of_no_face_in_the_picture_is_named(trained, predict, box, message):
    done = predict(trained.photographs[0], f'--box={box}')
    assert done.status == 1 and f'{trained.photographs[0]}: {message}' in done.err and done.files() == []


def test_several_boxes_of_an_image_are_several_faces(trained, predict, tmp_path):
    name = trained.photographs[0].name
    (tmp_path / 'boxes.csv').write_text(f'w,h,image,x,y,note\n70,72,{name},30,40,first\n60,62,{name},35,45,second\n')
    done = predict(trained.photographs[0], '--boxes', tmp_path / 'boxes.csv')
    assert done.status == 0
    faces = done.document(trained.photographs[0].stem)['faces']
    assert [face['box'] for face in faces] == [[30, 40, 70, 72], [35, 45, 60, 62]]
    assert {face['box_from'] for face in faces} == {'file'}


@pytest.mark.parametrize(
    ('name', 'content', 'status', 'message'),
    [
        ('boxes.txt', '', 2, 'boxes come as .csv or .json'),
        ('boxes.csv', '', 1, 'does not have one column image'),
        ('boxes.csv', 'image,x,y,w\n', 1, 'does not have one column h'),
        ('boxes.csv', 'image,x,y,w,h\na.png,1,2,3,b\n', 1, 'box 1: no image with four numbers'),
        ('boxes.csv', 'image,x,y,w,h\na.png,1,2,3,4\na.png,1,2,3\n', 1, 'box 2: no image with four numbers'),
        ('boxes.csv', 'image,x,y,w,h\na.png,1,2,0,4\n', 1, 'box 1: box 1,2,0,4: no area'),
        ('boxes.csv', b'\xff\xfe', 1, 'no text in UTF-8'),
        ('boxes.json', '{', 1, 'no JSON'),
        ('boxes.json', '{"image": 1}', 1, 'no list of objects'),
        ('boxes.json', '[{"image": "a.png", "x": true, "y": 1, "w": 2, "h": 3}]', 1, 'no image with four numbers'),
        ('boxes.json', '[{"image": "a.png", "x": 0, "y": 1, "w": 2, "h": 3}]', 1, 'has no box in'),
        ('boxes.json', f'[{{"image": "a.png", "x": 1{400 * "0"}, "y": 1, "w": 2, "h": 3}}]', 1, 'not finite'),
    ],
)
def test_file_without_boxes_is_one_line(trained, predict, tmp_path, name, content, status, message):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    done = predict(trained.photographs[0], '--boxes', tmp_path / name)
    assert (done.status, len(done.lines)) == (status, 1), done.err
    assert str(tmp_path / name) in done.err and message in done.err


def test_name_that_could_be_two_images_is_wrong_usage(trained, predict, tmp_path):
    for folder in ('a', 'b'):
        (tmp_path / folder).mkdir()
        shutil.copy(trained.photographs[0], tmp_path / folder / 'face.png')
    (tmp_path / 'boxes.csv').write_text('image,x,y,w,h\nface.png,1,2,3,4\n')
    done = predict(tmp_path / 'a', tmp_path / 'b', '--boxes', tmp_path / 'boxes.csv')
    assert done.status == 2 and 'face.png could be' in done.err
    (tmp_path / 'boxes.csv').write_text('image,x,y,w,h\na/face.png,30,40,70,72\nb/face.png,35,45,60,62\n')
    done = predict(tmp_path / 'a', tmp_path / 'b', '--boxes', tmp_path / 'boxes.csv')
    assert done.status == 0
    assert [done.document(name)['faces'][0]['box'][0] for name in ('face', 'face-2')] == [30, 35]


class FakeDetector:
    """Stands in for cv2.FaceDetectorYN: finds a face in what is at most so many pixels wide."""

    widest = 10_000
    seen: tuple = ()

    @classmethod
    def create(cls, model: str, config: str, input_size: tuple[int, int]) -> FakeDetector:
        assert Path(model).is_file() and config == '' and len(input_size) == 2
        return cls()

    def setInputSize(self, size: tuple[int, int]) -> None:
        self.size = size

    def detect(self, image: np.ndarray) -> tuple[int, np.ndarray | None]:
        assert image.dtype == np.uint8 and image.shape == (self.size[1], self.size[0], 3)
        type(self).seen = (*self.seen, self.size)
        if not image.any() or self.size[0] > self.widest:
            return 0, None
        width, height = self.size
        faces = np.zeros((1, 15), np.float32)
        faces[0, :4], faces[0, 14] = (0.25 * width, 0.25 * height, 0.5 * width, 0.5 * height), 0.875
        return 1, faces


@pytest.fixture
def yunet(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(detector.cv2, 'FaceDetectorYN', FakeDetector)
    monkeypatch.setattr(FakeDetector, 'seen', ())
    (tmp_path / 'yunet.onnx').touch()
    return tmp_path / 'yunet.onnx'


def test_detector_finds_faces_in_pixels_of_the_photograph(trained, predict, yunet, tmp_path, monkeypatch):
    large = cv2.resize(cv2.imread(str(trained.photographs[0])), (1200, 900))
    cv2.imwrite(str(tmp_path / 'large.png'), large)
    monkeypatch.setattr(FakeDetector, 'widest', 320)
    done = predict(tmp_path / 'large.png', '--detector', yunet)
    assert done.status == 0
    (face,) = done.document('large')['faces']
    assert face['box'] == [300, 225, 600, 450] and (face['box_from'], face['score']) == ('detector', 0.875)
    # A face that fills the picture is found in a smaller copy.
    assert FakeDetector.seen == ((64, 64), (640, 480), (320, 240))
    assert 'was trained with another kind of box (landmark bounding box x 1.25)' in done.lines[0]
    assert 'another kind of box' not in predict(tmp_path / 'large.png', '--detector', yunet, '--twice').err


def test_picture_without_a_face_is_told_of(predict, yunet, tmp_path):
    cv2.imwrite(str(tmp_path / 'black.png'), np.zeros((50, 60, 3), np.uint8))
    done = predict(tmp_path / 'black.png', '--detector', yunet)
    assert done.status == 0 and 'the detector found no face' in done.lines[-1]
    assert done.document('black')['faces'] == []


def test_file_that_is_no_detector_is_one_line(trained, predict, tmp_path, capfd):
    (tmp_path / 'yunet.onnx').write_bytes(b'nothing of the kind' * 50)
    done = predict(trained.photographs[0], '--detector', tmp_path / 'yunet.onnx')
    assert (done.status, len(done.lines)) == (1, 1) and 'cannot use it as a model of its detector YuNet' in done.err
    assert predict(trained.photographs[0], '--detector', tmp_path / 'absent').status == 2
    assert capfd.readouterr().err == ''


def test_second_pass_is_in_the_box_of_the_first_landmarks(trained, predict):
    first, second = (
        predict(trained.photographs[0], '--box', BOX, *more).document(trained.photographs[0].stem)['faces'][0]
        for more in ((), ('--twice',))
    )
    points = np.array(first['landmarks'])
    assert second['box'] == first['box'] == first['last_box']
    np.testing.assert_allclose(second['last_box'], [*points.min(axis=0), *np.ptp(points, axis=0)], atol=1e-3)


def test_second_pass_outside_the_picture_is_one_line_and_the_rest_goes_on(trained, predict, monkeypatch):
    tight = predictor._tight_boxes
    boxes = iter([np.array([[1000.0, 0, 5, 5]])])
    monkeypatch.setattr(predictor, '_tight_boxes', lambda landmarks: next(boxes, tight(landmarks)))
    done = predict(*trained.photographs[:2], '--box', BOX, '--twice')
    (line,) = [line for line in done.lines if line.startswith('error: ')]
    assert f'{trained.photographs[0]}: of the landmarks that were found first, box 1000,0,5,5: outside' in line
    assert done.status == 1 and len(done.document(trained.photographs[1].stem)['faces']) == 1


def test_small_face_is_told_of_with_sizes(trained, predict):
    done = predict(trained.photographs[0], '--box', '60,60,20,16')
    assert done.status == 0
    assert '1 of 1 face too small for the network' in done.err and 'enlarged up to 2.6 times' in done.err
    assert 'the smallest box is 20 x 16 pixels' in done.err
    assert 'too small' not in predict(trained.photographs[0], '--box', '60,60,40,40').err
