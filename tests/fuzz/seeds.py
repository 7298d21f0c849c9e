"""Honest files to start from, of every kind that is read."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from functools import cache
from pathlib import Path

import numpy as np

from benchmark.records.record import read_record

RECORDS = Path(__file__).resolve().parents[2] / 'reports' / 'records'


@cache
def records() -> tuple[Path, ...]:
    return tuple(sorted(RECORDS.glob('*synthetic-29*.json')))[:2]


def record_files() -> list[bytes]:
    return [path.read_bytes() for path in records()]


def predictions_files() -> list[bytes]:
    files = [path.with_suffix('.npz') for path in records()[:1]]
    small = io.BytesIO()
    with np.load(files[0]) as found:
        names = found['image_ids'][:8]
    np.savez(
        small,
        image_ids=names,
        subset_names=np.array(['full']),
        subsets=np.ones((8, 1), bool),
        keypoints=np.arange(8 * 29 * 2, dtype=np.float32).reshape(8, 29, 2),
        distances=np.ones((8, 29), np.float32),
        inter_ocular=np.full(8, 50, np.float32),
        inter_pupil=np.full(8, 40, np.float32),
    )
    return [small.getvalue(), *(path.read_bytes() for path in files)]


def configurations() -> list[bytes]:
    return [read_record(path).config.encode() for path in records()]


def plans() -> list[bytes]:
    run = {'name': 'a', 'seed': 0, 'benchmark': '300w', 'experiment': 'e' * 64, 'fingerprint': 'f' * 64}
    comparison = {'benchmark': '300w', 'row': 'a', 'reference': 'b', 'measure': 'NME'}
    plan = {
        'schema_version': 1,
        'name': 'study',
        'created': '2026-11-01T00:00:00+00:00',
        'results_version': 2,
        'git_commit': None,
    }
    return [json.dumps(plan | {'runs': [run], 'comparisons': [comparison]}).encode()]


def archives() -> list[bytes]:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, 'w', zipfile.ZIP_DEFLATED) as archive:
        archive.writestr('afw/1.pts', b'version: 1\n' * 40)
        archive.writestr('afw/1.jpg', bytes(range(256)) * 4)
    return [packed.getvalue()]


def checkpoints() -> list[bytes]:
    import torch

    file = io.BytesIO()
    torch.save({'state_dict': {'weight': torch.arange(4.0)}, 'meta': {'epoch': 1}}, file)
    return [file.getvalue()]


def csv_tables() -> list[bytes]:
    head = ','.join(['image', *(f'{axis}{index}' for index in range(29) for axis in 'xy')])
    rows = [','.join([f'{number:04d}.png', *(f'{0.5 * index + number}' for index in range(58))]) for number in range(4)]
    return [
        '\n'.join([head, *rows]).encode(),
        '\n'.join(rows).encode(),
        b'image,landmark,x,y\na.png,0,1.5,2\na.png,1,3,4',
    ]


def json_maps() -> list[bytes]:
    points = [[0.5 * index, index] for index in range(29)]
    triples = [number for x, y in points for number in (x, y, 0.9)]
    results = [{'image_id': index, 'category_id': 1, 'keypoints': triples, 'score': 0.9} for index in range(3)]
    return [json.dumps({'a.png': points, 'b.png': points}).encode(), json.dumps(results).encode()]


def npz_file() -> list[bytes]:
    file = io.BytesIO()
    np.savez(file, keypoints=np.arange(174.0).reshape(3, 29, 2), images=np.array(['a.png', 'b.png', 'c.png']))
    return [file.getvalue()]


def npy_file() -> list[bytes]:
    file = io.BytesIO()
    np.save(file, np.arange(174.0).reshape(3, 29, 2))
    return [file.getvalue()]


def dumps() -> list[bytes]:
    points = np.arange(58, dtype=np.float32).reshape(1, 29, 2)
    samples = [
        {'img_id': index, 'img_path': f'data/{index}.png', 'pred_instances': {'keypoints': points}}
        for index in range(3)
    ]
    return [pickle.dumps(samples, protocol) for protocol in (2, 4)]


def wflw_list() -> list[bytes]:
    return ['\n'.join(f'{" ".join(map(str, range(58)))} {name}.png' for name in 'abc').encode()]
