"""Dumps of MMPose: a real one is read, and nothing in any pickle is run."""

from __future__ import annotations

import os
import pickle
import struct
from pathlib import Path

import numpy as np
import pytest
import torch
from mmengine.evaluator import DumpResults, Evaluator
from mmengine.structures import InstanceData, PixelData

import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
from benchmark.errors import BenchmarkError
from benchmark.records.formats import read_landmarks
from benchmark.records.formats.safe_pickle import Skipped, array_of, read_pickle

from mmpose.structures import PoseDataSample  # isort: skip

POINTS = np.random.default_rng(0).uniform(0, 300, (3, 68, 2)).astype(np.float32)


@pytest.fixture
def dump(tmp_path) -> Path:
    """What ``tools/test.py --dump`` writes, heatmaps, ground truth and all."""
    samples = []
    for index, points in enumerate(POINTS):
        sample = PoseDataSample(
            metainfo={
                'img_path': f'data/300w/lfpw/testset/image_{index:04d}.png',
                'img_id': index,
                'id': index,
                'ori_shape': (100, 120),
                'input_center': np.zeros(2, np.float32),
                'flip_indices': list(range(68)),
                'mean': np.float64(0.5),
            }
        )
        sample.pred_instances = InstanceData(keypoints=points[None], keypoint_scores=np.ones((1, 68), np.float32))
        sample.gt_instances = InstanceData(keypoints=np.zeros((1, 68, 2)), bboxes=np.zeros((1, 4), np.float32))
        sample.gt_instance_labels = InstanceData(keypoint_labels=torch.rand(1, 68, 2))
        sample.pred_fields = PixelData(heatmaps=torch.rand(4, 8, 8))
        samples.append(sample)
    evaluator = Evaluator([DumpResults(str(tmp_path / 'p.pkl'))])
    evaluator.dataset_meta = {}
    evaluator.process(data_samples=samples, data_batch=None)
    evaluator.evaluate(len(samples))
    return tmp_path / 'p.pkl'


def test_dump_of_mmengine_is_read_with_the_names_of_its_images(dump):
    found = read_landmarks(dump)
    assert found.names == tuple(f'data/300w/lfpw/testset/image_{index:04d}.png' for index in range(3))
    np.testing.assert_array_equal(found.keypoints, POINTS)
    assert 'dump of MMPose' in found.form


@pytest.mark.parametrize('protocol', range(pickle.HIGHEST_PROTOCOL + 1))
def test_arrays_of_every_protocol_are_read_to_the_bit(protocol):
    arrays = [POINTS, POINTS.astype('>f8'), np.arange(6).reshape(2, 3).T, np.array(['ab', 'c']), np.array([True])]
    read = [array_of(one) for one in read_pickle(pickle.dumps(arrays, protocol))]
    for array, found in zip(arrays, read, strict=True):
        np.testing.assert_array_equal(found, array)
    plain = [{'a': (1, 2.5, None, 'x', b'y', True)}, np.float32(2.5).item()]
    assert read_pickle(pickle.dumps(plain, protocol)) == plain


def test_scalars_of_numpy_become_numbers_and_tensors_are_left_out():
    found = read_pickle(pickle.dumps([np.float32(1.5), np.int64(3), torch.ones(3), torch.nn.Parameter(torch.ones(2))]))
    assert found[:2] == [1.5, 3] and all(isinstance(one, Skipped) for one in found[2:])


class Malicious:
    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize(
    ('function', 'named'),
    [(os.system, 'posix.system'), (eval, 'builtins.eval'), (getattr, 'builtins.getattr'), (np.load, 'numpy.load')],
)
def test_malicious_pickle_is_named_and_not_run(function, named, tmp_path):
    mark = tmp_path / 'run'
    command = f'touch {mark}' if function is os.system else f'open({str(mark)!r}, "w")'
    for protocol in (0, 2, 4):
        (tmp_path / 'p.pkl').write_bytes(pickle.dumps([Malicious(function, command)], protocol))
        with pytest.raises(BenchmarkError, match=r'nothing in it was run: it holds') as caught:
            read_landmarks(tmp_path / 'p.pkl')
        assert not mark.exists() and named.split('.')[1] in str(caught.value)


def test_hidden_names_of_allowed_modules_are_refused():
    for module, name in (('numpy', 'ndarray.tofile'), ('collections', 'OrderedDict.fromkeys'), ('numpy', 'fromfile')):
        content = b'\x80\x04' + b''.join(b'\x8c' + bytes([len(t)]) + t.encode() for t in (module, name)) + b'\x93.'
        with pytest.raises(ValueError, match='refused'):
            read_pickle(content)


@pytest.mark.parametrize(
    'content',
    [
        b'',
        b'not a pickle',
        b'\x80\x04]',
        pickle.dumps(POINTS)[:-40],
        b'\x80\x04N' + b'r' + struct.pack('<I', 2**32 - 1) + b'.',
        b'\x80\x04\x8e' + struct.pack('<Q', 2**60) + b'.',
        b'\x80\x04cnumpy\ndtype\n}\x8c\x01aK\x01sb.',
        b'\x80\x04cnumpy\ndtype\nN}\x8c\x08__new__K\x01s\x86b.',
        b'\x80\x04c_codecs\nencode\n\x8c\x03abc\x8c\x03zip\x86R.',
        b'\x80\x04cnumpy\ndtype\n\x8c\x02O8\x85R.',
    ],
)
def test_damaged_or_forged_pickle_is_one_line(content, tmp_path):
    (tmp_path / 'p.pkl').write_bytes(content)
    with pytest.raises(BenchmarkError) as caught:
        read_landmarks(tmp_path / 'p.pkl')
    assert '\n' not in str(caught.value) and str(caught.value).startswith(f'{tmp_path}/p.pkl: ')
    # Nothing that a pickle does changes what the next one gets.
    np.testing.assert_array_equal(array_of(read_pickle(pickle.dumps(POINTS))), POINTS)


def test_pickle_of_too_many_values_is_refused(monkeypatch):
    monkeypatch.setattr('benchmark.records.formats.safe_pickle._MOST_OPERATIONS', 20)
    assert read_pickle(pickle.dumps([1.5] * 3)) == [1.5] * 3
    with pytest.raises(ValueError, match='more than 20 values'):
        read_pickle(b'\x80\x04' + b']' * 30 + b'.')


def test_array_with_another_number_of_bytes_is_refused():
    content = pickle.dumps(np.zeros((2, 3)), 2).replace(b'K\x02K\x03\x86', b'K\x02K\x09\x86')
    with pytest.raises(ValueError, match='another number of bytes'):
        read_pickle(content)


@pytest.mark.parametrize(
    ('samples', 'fault'),
    [
        ({}, 'no list of data samples'),
        ([], 'no list of data samples'),
        ([{'img_path': 'a'}], "sample 0: no array 'pred_instances.keypoints' (there are: 'img_path')"),
        ([{'pred_instances': {'keypoints': POINTS[:2]}}], 'sample 0: 2 faces, expected one face'),
        ([{'pred_instances': {'keypoints': POINTS[:1]}}], "samples without 'img_path' and 'img_id'"),
        ([{'pred_instances': {'keypoints': torch.zeros(1, 68, 2)}}], 'is a tensor'),
        (
            [{'pred_instances': {'keypoints': POINTS[:1, :n]}, 'img_id': n} for n in (5, 6)],
            'sample 1: 6 landmarks, but 5 in the first sample',
        ),
    ],
)
def test_dump_without_landmarks_says_what_is_missing(samples, fault, tmp_path):
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(samples))
    with pytest.raises(BenchmarkError) as caught:
        read_landmarks(tmp_path / 'p.pkl')
    assert fault in str(caught.value)


def test_dump_without_paths_has_ids(tmp_path):
    samples = [{'pred_instances': {'keypoints': points[None]}, 'img_id': 7 + i} for i, points in enumerate(POINTS)]
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(samples))
    assert read_landmarks(tmp_path / 'p.pkl').ids.tolist() == [7, 8, 9]
    (tmp_path / 'p.pkl').write_bytes(pickle.dumps(POINTS))
    assert read_landmarks(tmp_path / 'p.pkl').ids is None
