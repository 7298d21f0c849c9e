from __future__ import annotations

import csv
import json
import re
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from benchmark.records.predictions import read_predictions
from benchmark.suite.prediction import box_file
from benchmark.suite.prediction.documents import COLUMNS, Document, Face
from benchmark.suite.prediction.pictures import POINT
from tests.commands import wait_for_file
from tests.conftest import ROOT
from tests.prediction import BOX, NAME


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
