from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from PIL import Image

from benchmark import export
from benchmark.records.predictions import read_predictions
from benchmark.suite.prediction import box_file, detector
from benchmark.suite.prediction.documents import COLUMNS, Document, Face
from benchmark.suite.prediction.pictures import POINT
from tests.commands import wait_for_file
from tests.prediction import NAME

ROOT = Path(__file__).resolve().parents[1]
BOX = '30,40,70,72'
needs_onnx = pytest.mark.skipif(
    not (find_spec('onnx') and find_spec('onnxruntime')), reason='onnx or onnxruntime is not installed'
)


def box_text(box) -> str:
    return ','.join(f'{number:.6f}' for number in box)


def write_boxes(path: Path, trained) -> Path:
    entries = [
        {'image': photograph.name, **dict(zip(box_file.SIDES, box, strict=True))}
        for photograph, box in zip(trained.photographs, trained.boxes.tolist(), strict=True)
    ]
    path.write_text(json.dumps(entries))
    return path


def test_landmarks_are_those_that_the_run_stored(trained, predict, tmp_path):
    done = predict(trained.photographs[0].parent, '--boxes', write_boxes(tmp_path / 'boxes.json', trained))
    assert done.status in (0, 1), done.err  # the folder has training faces too, without boxes
    (path,) = trained.results.glob(f'*{NAME}*.npz')
    stored = read_predictions(path)
    found = [done.document(photograph.stem)['faces'][0] for photograph in trained.photographs]
    points = np.array([face['landmarks'] for face in found])
    # The stored ones are rounded, by at most this.
    assert (np.abs(points - stored.keypoints).max(axis=(1, 2)) < stored.inter_ocular / 2048 + 0.01).all()
    variances = np.array([face['covariances'] for face in found])[..., [0, 2]]
    np.testing.assert_allclose(variances, stored.covariances[..., [0, 2]], rtol=0.05)


def test_everything_of_a_photograph_is_written(trained, predict):
    photograph = trained.photographs[0]
    done = predict(photograph, '--box', BOX, '--json')
    assert done.status == 0
    name = photograph.stem
    assert done.files() == [f'{name}.landmarks{suffix}' for suffix in ('.csv', '.json', '.png')]
    document = done.document(name)
    assert json.loads(done.out) == document
    image, picture = cv2.imread(str(photograph)), cv2.imread(str(done.output / f'{name}.landmarks.png'))
    assert picture.shape == image.shape and (picture == POINT).all(axis=-1).sum() > 10
    assert (document['width'], document['height']) == (image.shape[1], image.shape[0])
    assert (document['config'], document['benchmark']) == (NAME, 'synthetic-29')
    assert document['weights_sha256'] == document['weights_sha256'].lower() and len(document['weights_sha256']) == 64
    (face,) = document['faces']
    assert face['box'] == [30, 40, 70, 72] and face['box_from'] == 'given'
    with (done.output / f'{name}.landmarks.csv').open() as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == list(COLUMNS) and len(rows) == 29
    for number, row in enumerate(rows):
        assert [float(row[key]) for key in ('x', 'y')] == face['landmarks'][number]
        assert [float(row[key]) for key in ('xx', 'xy', 'yy')] == face['covariances'][number]
        assert row['weights_sha256'] == document['weights_sha256'] and row['config'] == NAME


def test_whole_image_is_said_unless_it_was_asked_for(trained, predict):
    silent = predict(trained.photographs[0])
    assert 'no box was given: the whole image is taken for it' in silent.lines[0]
    asked = predict(trained.photographs[0], '--box', 'whole')
    assert 'no box was given' not in asked.err
    (face,) = asked.document(trained.photographs[0].stem)['faces']
    assert face['box_from'] == 'whole image' and face['box'][:2] == [0, 0]


def test_same_names_do_not_overwrite_each_other(trained, predict, tmp_path):
    for index, name in enumerate(('face.png', 'a/face.png', 'b/face.png', 'face-2.png')):
        path = tmp_path / 'in' / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(trained.photographs[index], path)
    given = [tmp_path / 'in', tmp_path / 'in' / 'a', tmp_path / 'in' / 'b', tmp_path / 'in' / 'a' / 'face.png']
    done = predict(*given, '--box', BOX)
    assert done.status == 0
    images = {name: Path(done.document(name)['image']) for name in ('face', 'face-2', 'face-3', 'face-4')}
    found = {name: str(path.relative_to(tmp_path / 'in')) for name, path in images.items()}
    assert found == {'face': 'face.png', 'face-2': 'face-2.png', 'face-3': 'a/face.png', 'face-4': 'b/face.png'}


def test_what_cannot_be_read_is_named_and_the_rest_goes_on(trained, predict, tmp_path):
    content = trained.photographs[0].read_bytes()
    (tmp_path / 'empty').mkdir()
    for name, content_of in {
        'a.png': b'',
        'b.png': content[:-99],
        'c.jpg': b'text',
        'd.avi': b'RIFF',
        'e.png': content,
    }.items():
        (tmp_path / name).write_bytes(content_of)
    names = ('a.png', 'b.png', 'c.jpg', 'd.avi', 'absent.jpg', 'empty', 'e.png')
    done = predict(*(tmp_path / name for name in names), '--box', BOX)
    assert done.status == 1
    said = {name: [line for line in done.lines if f'{tmp_path / name}:' in line] for name in names[:-1]}
    assert all(len(lines) == 1 and lines[0].startswith('error: ') for lines in said.values()), done.err
    assert len(done.lines) == 7
    assert done.files() == ['e.landmarks.csv', 'e.landmarks.json', 'e.landmarks.png']


def test_image_that_opencv_alone_cannot_decode_is_one_line(trained, predict, monkeypatch):
    monkeypatch.setattr('benchmark.datasets.crops.cv2.imdecode', lambda *_: None)
    done = predict(trained.photographs[0], '--box', BOX)
    assert (done.status, len(done.lines)) == (1, 1) and 'OpenCV cannot decode the image' in done.err


def test_broken_videos_say_one_line_and_nothing_else(trained, predict, tmp_path, capfd):
    (tmp_path / 'a.mp4').write_bytes(b'\0\0\0\x18ftypmp42' + b'\0' * 500)
    done = predict(tmp_path / 'a.mp4', '--box', BOX)
    assert (done.status, len(done.lines)) == (1, 1) and 'OpenCV cannot read it as a video' in done.err
    assert capfd.readouterr() == ('', '') and done.files() == []


def write_video(path: Path, trained, frames: int = 5) -> list[np.ndarray]:
    images = [trained.read(index)[..., ::-1] for index in range(frames)]
    size = max(image.shape[1] for image in images), max(image.shape[0] for image in images)
    images = [cv2.resize(image, size) for image in images]
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*'MJPG'), 10, size)
    for image in images:
        writer.write(image)
    writer.release()
    return images


def test_video_is_predicted_frame_by_frame(trained, predict, predictor, tmp_path):
    write_video(tmp_path / 'clip.avi', trained)
    done = predict(tmp_path / 'clip.avi', '--box', BOX)
    assert done.status == 0 and '5 faces in 5 frames' in done.err
    assert done.files() == ['clip.landmarks.csv', 'clip.landmarks.json', 'clip.landmarks.mp4']
    document = done.document('clip')
    assert document['frames'] == 5 and [face['frame'] for face in document['faces']] == [0, 1, 2, 3, 4]
    read, written = (
        cv2.VideoCapture(str(tmp_path / 'clip.avi')),
        cv2.VideoCapture(str(done.output / 'clip.landmarks.mp4')),
    )
    assert written.get(cv2.CAP_PROP_FRAME_COUNT) == 5 and written.get(cv2.CAP_PROP_FPS) == 10
    for face in document['faces']:
        expected = predictor(read.read()[1][..., ::-1], [30, 40, 70, 72])
        np.testing.assert_allclose(face['landmarks'], expected.landmarks[0], atol=2e-3)


def test_video_that_cannot_be_used_leaves_nothing(trained, predict, tmp_path):
    write_video(tmp_path / 'clip.avi', trained)
    done = predict(tmp_path / 'clip.avi', '--box', '5000,5000,10,10')
    assert done.status == 1 and 'outside the image' in done.lines[-1] and done.files() == []


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


def test_small_face_is_told_of_with_sizes(trained, predict):
    done = predict(trained.photographs[0], '--box', '60,60,20,16')
    assert done.status == 0
    assert '1 of 1 face too small for the network' in done.err and 'enlarged up to 2.6 times' in done.err
    assert 'the smallest box is 20 x 16 pixels' in done.err
    assert 'too small' not in predict(trained.photographs[0], '--box', '60,60,40,40').err


def test_photograph_is_turned_as_its_tag_says_unless_told_otherwise(trained, predict, tmp_path):
    upright = Image.open(trained.photographs[0]).convert('RGB')
    tag = Image.Exif()
    tag[0x0112] = 6  # the first row is the right side
    upright.transpose(Image.Transpose.ROTATE_90).save(tmp_path / 'phone.png', exif=tag)
    upright.save(tmp_path / 'upright.png')
    done = predict(tmp_path / 'phone.png', tmp_path / 'upright.png', '--box', BOX)
    turned, plain = done.document('phone'), done.document('upright')
    assert turned['faces'] == plain['faces'] and (turned['upright'], plain['upright']) == (True, False)
    assert sum('turned as its orientation tag says' in line for line in done.lines) == 1
    stored = predict(tmp_path / 'phone.png', '--box', BOX, '--as-stored')
    assert stored.document('phone')['faces'] != plain['faces'] and not stored.document('phone')['upright']
    assert 'turned as' not in stored.err


def test_pixels_of_other_kinds_are_read_as_the_loaders_do(trained, predict, tmp_path):
    grey = Image.open(trained.photographs[0]).convert('L')
    Image.merge('RGB', [grey] * 3).save(tmp_path / 'colour.png')
    grey.save(tmp_path / 'grey.png')
    cv2.imwrite(str(tmp_path / 'deep.png'), np.asarray(grey).astype(np.uint16) * 256 + 99)
    Image.merge('RGBA', [grey, grey, grey, grey]).save(tmp_path / 'clear.png')
    Image.merge('RGB', [grey] * 3).convert('CMYK').save(tmp_path / 'ink.jpg', quality=100)
    done = predict(tmp_path, '--box', BOX)
    assert done.status == 0, done.err
    plain = done.document('colour')['faces']
    assert all(done.document(name)['faces'] == plain for name in ('grey', 'deep', 'clear'))
    points = [np.array(faces[0]['landmarks']) for faces in (plain, done.document('ink')['faces'])]
    assert np.abs(points[0] - points[1]).max() < 1


def test_weights_of_another_network_are_refused(trained, predict, tmp_path):
    state = torch.load(trained.weights, weights_only=False)
    state['state_dict'] = {name: value for name, value in state['state_dict'].items() if 'neck' not in name}
    torch.save(state, tmp_path / 'other.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'other.pth')
    assert (done.status, len(done.lines)) == (1, 1) and 'lacks neck.' in done.err and done.files() == []


def test_weights_that_would_run_something_are_refused(trained, predict, tmp_path):
    class Evil:
        def __reduce__(self):
            return Path.touch, (tmp_path / 'run',)

    torch.save({'state_dict': {'a': Evil()}}, tmp_path / 'evil.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'evil.pth')
    assert (done.status, len(done.lines)) == (1, 1) and 'not a file of weights that is safe to read' in done.err
    assert not (tmp_path / 'run').exists()


def resave(trained, path: Path, **meta) -> Path:
    content = torch.load(trained.weights, weights_only=False)
    torch.save({'state_dict': content['state_dict'], 'meta': {**content['meta'], **meta}}, path)
    return path


def test_weights_choose_no_file_that_is_read_as_a_configuration(trained, predict, tmp_path):
    (tmp_path / 'evil.py').write_text(f'open({str(tmp_path / "run")!r}, "w")')
    for name in ('evil.py', f'{tmp_path}/evil.py', './evil.py'):
        weights = resave(trained, tmp_path / 'w.pth', experiment_name=f'{name}_20260101_000000')
        done = predict(trained.photographs[0], '--weights', weights)
        assert done.status == 2 and len(done.lines) == 1
    assert not (tmp_path / 'run').exists()


def test_missing_configuration_is_wrong_usage(trained, predict, tmp_path):
    absent = predict(trained.photographs[0], '--config', 'nothing')
    assert absent.status == 2 and '--config nothing: no such configuration' in absent.err
    silent = predict(trained.photographs[0], '--weights', resave(trained, tmp_path / 'w.pth', experiment_name=''))
    assert silent.status == 2 and 'does not say its configuration (name it with --config)' in silent.err
    (tmp_path / 'others').mkdir()
    shutil.copy(trained.configs / 'tiny-smoothl1.py', tmp_path / 'others')
    elsewhere = predict(trained.photographs[0], '--configs', tmp_path / 'others')
    assert elsewhere.status == 2 and f'trained by {NAME}, which is not in' in elsewhere.err


@pytest.mark.parametrize(
    ('change', 'named'),
    [
        ('model = dict(data_preprocessor=dict(mean=[0.0] * 3))', 'model.data_preprocessor'),
        ("model = dict(head=dict(activation='softmax'))", 'model.head'),
        ('model = dict(test_cfg=dict(flip_test=False))', 'model.test_cfg'),
        (
            "test_dataloader = dict(dataset=dict(pipeline=[dict(type='LoadImage'), dict(type='GetBBoxCenterScale'), "
            "dict(type='TopdownAffine', input_size=(96, 96)), dict(type='PackPoseInputs')]))",
            'test_dataloader.dataset.pipeline',
        ),
    ],
)
def test_configuration_that_prepares_images_otherwise_is_refused(trained, predict, tmp_path, change, named):
    (tmp_path / 'other.py').write_text(f"_base_ = '{trained.configs}/{NAME}.py'\n{change}\n")
    done = predict(trained.photographs[0], '--config', tmp_path / 'other.py')
    assert (done.status, len(done.lines)) == (1, 1), done.err
    assert f'was trained with another {named} than other has' in done.err


def test_weights_of_a_failed_training_are_refused(trained, predict, tmp_path):
    content = torch.load(trained.weights, weights_only=False)
    torch.save({'state_dict': {k: v * np.nan for k, v in content['state_dict'].items()}}, tmp_path / 'nan.pth')
    done = predict(trained.photographs[0], '--weights', tmp_path / 'nan.pth', '--config', NAME)
    assert (done.status, len(done.lines)) == (1, 1) and 'gives landmarks that are no numbers' in done.err


def test_offset_of_the_evaluation_is_said_to_be_left_out(trained, predict, tmp_path):
    (tmp_path / 'offset.py').write_text(f"_base_ = '{trained.configs}/{NAME}.py'\nmirror_offset = True\n")
    done = predict(trained.photographs[0], '--config', tmp_path / 'offset.py', '--box', BOX)
    assert done.status == 0 and 'adds an offset measured on training faces, which is left out' in done.lines[0]


@pytest.fixture
def model(trained, tmp_path) -> Path:
    arguments = ['--config', NAME, '--configs', str(trained.configs), '--weights', str(trained.weights)]
    assert export.main([*arguments, '--output', str(tmp_path / 'model.onnx')]) == 0
    return tmp_path / 'model.onnx'


@needs_onnx
def test_onnx_model_gives_points_alone_and_says_so(trained, predict, model, tmp_path):
    done = predict(trained.photographs[0], '--weights', model, '--config', NAME, '--box', BOX)
    assert done.status == 0, done.err
    assert any('gives no covariances of heatmaps; points alone are drawn' in line for line in done.lines)
    assert any('without the flip test' in line for line in done.lines)
    (face,) = done.document(trained.photographs[0].stem)['faces']
    assert face['covariances'] is None
    # The same without the flip test in PyTorch.
    (tmp_path / 'single.py').write_text(
        f"_base_ = '{trained.configs}/{NAME}.py'\nmodel = dict(test_cfg=dict(flip_test=False))\n"
    )
    weights = resave(trained, tmp_path / 'w.pth', cfg='')
    again = predict(trained.photographs[0], '--weights', weights, '--config', tmp_path / 'single.py', '--box', BOX)
    (expected,) = again.document(trained.photographs[0].stem)['faces']
    np.testing.assert_allclose(face['landmarks'], expected['landmarks'], atol=5e-3)


@needs_onnx
def test_onnx_model_is_refused_where_it_does_not_fit(trained, predict, model, tmp_path, capfd):
    without = predict(trained.photographs[0], '--weights', model)
    assert without.status == 2 and 'does not say its configuration' in without.err
    other = 'td-softargmax_res18w16-fpn-star_16b-80e_cofw-128x128'
    wrong = predict(trained.photographs[0], '--weights', model, '--config', other, '--configs', ROOT / 'mmpose_configs')
    assert (wrong.status, len(wrong.lines)) == (1, 1) and 'has images of 3 x 128 x 128' in wrong.err
    (tmp_path / 'broken.onnx').write_bytes(model.read_bytes()[:500])
    broken = predict(trained.photographs[0], '--weights', tmp_path / 'broken.onnx', '--config', NAME)
    assert (broken.status, len(broken.lines)) == (1, 1) and 'onnxruntime cannot read it as a model' in broken.err
    capfd.readouterr()
    detector = predict(trained.photographs[0], '--detector', model)  # a network, but no detector
    assert (detector.status, len(detector.lines)) == (1, 1) and 'its detector YuNet' in detector.err
    assert capfd.readouterr().err == ''


def test_missing_onnxruntime_is_one_line(trained, predict, tmp_path, monkeypatch):
    from benchmark.suite import export

    monkeypatch.setattr(export, 'find_spec', lambda name: None)
    (tmp_path / 'model.onnx').touch()
    done = predict(trained.photographs[0], '--weights', tmp_path / 'model.onnx', '--config', NAME)
    assert done.status == 1 and done.err == 'error: onnxruntime: not installed (pip install onnxruntime)\n'


def test_folder_that_cannot_be_written_is_one_line(trained, predict, tmp_path):
    (tmp_path / 'file').touch()
    done = predict(trained.photographs[0], output=tmp_path / 'file' / 'faces')
    assert (done.status, len(done.lines)) == (1, 1) and 'choose another folder with --output' in done.err


def test_no_input_is_written_over(trained, predict, tmp_path):
    for name in ('face.png', 'face.landmarks.png'):
        shutil.copy(trained.photographs[0], tmp_path / name)
    before = (tmp_path / 'face.landmarks.png').read_bytes()
    done = predict(tmp_path, '--box', BOX, output=tmp_path)
    assert done.status == 2 and 'is an input and would be written over' in done.err
    assert (tmp_path / 'face.landmarks.png').read_bytes() == before


def test_help_loads_no_torch():
    command = [sys.executable, '-X', 'importtime', '-m', 'benchmark.predict', '--help']
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert '--detector' in done.stdout and 'torch' not in done.stderr


def test_ctrl_c_ends_the_command_quietly_and_leaves_whole_files(trained, tmp_path):
    for index in range(200):
        shutil.copy(trained.photographs[0], tmp_path / f'{index:03}.png')
    output = tmp_path / 'faces'
    command = [sys.executable, '-m', 'benchmark.predict', str(tmp_path), '--box', BOX, '--output', str(output)]
    process = subprocess.Popen([*command, *trained.command()], cwd=ROOT, stderr=subprocess.PIPE, text=True)
    wait_for_file(output.parent, 'faces/000.landmarks.csv', process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=120)[1]
    assert process.returncode == 130 and said.splitlines()[-1] == 'stopped' and 'Traceback' not in said
    left = sorted(path.name for path in output.iterdir())
    assert 3 <= len(left) < 600 and all(re.fullmatch(r'\d{3}\.landmarks\.(png|json|csv)', name) for name in left)


def test_reader_that_has_gone_is_left_to_the_end_of_the_command(trained, predict, monkeypatch):
    """Which ends quietly then, as that of every command does."""

    def gone(*_arguments, **options):
        if options.get('flush'):
            raise BrokenPipeError

    monkeypatch.setattr('builtins.print', gone)
    with pytest.raises(BrokenPipeError):
        predict(*trained.photographs[:2], '--box', BOX, '--json')


def test_docs_have_every_key_and_column():
    page = (ROOT / 'docs' / 'predicting.md').read_text()
    table = dict(re.findall(r'^\| `([\w.\[\]]+)` \| (.*) \|$', page, re.MULTILINE))
    keys = {
        f'{start}{key}': field.description
        for start, kind in (('', Document), ('faces[].', Face))
        for key, field in kind.model_fields.items()
    }
    assert table == keys
    assert re.findall(r'`(\w+)`', page.split('numbered from 0:')[1]) == list(COLUMNS)


def test_example_of_the_docs_runs(trained, tmp_path, monkeypatch):
    page = (ROOT / 'docs' / 'predicting.md').read_text()
    code = re.search(r'<!-- example: predictor -->\n```python\n(.*?)```', page, re.DOTALL)[1]
    shutil.copy(trained.weights, tmp_path / 'epoch_6.pth')
    shutil.copy(trained.photographs[0], tmp_path / 'photo.png')
    shutil.copytree(trained.configs, tmp_path / 'mmpose_configs')
    monkeypatch.chdir(tmp_path)
    names: dict = {}
    exec(code, names)
    assert [one.landmarks.shape for one in names['faces']] == [(1, 29, 2)] * 2
