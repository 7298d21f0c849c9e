"""Drawn faces described in Croissant, MLCommons' format for what a data set holds."""

from __future__ import annotations

import json
from pathlib import Path

from benchmark import __version__
from benchmark.datasets.manifest import SPLITS, Manifest, read_manifest
from benchmark.errors import UsageError
from benchmark.protocol.benchmarks import get_benchmark

CONFORMS_TO = 'http://mlcommons.org/croissant/1.0'
# The context of version 1.0, which readers compare with.
_NAMES = (
    *('citeAs', 'column', 'equivalentProperty', 'extract', 'field', 'fileProperty', 'fileObject', 'fileSet', 'format'),
    *('includes', 'isLiveDataset', 'jsonPath', 'key', 'md5', 'parentField', 'path', 'recordSet', 'references', 'regex'),
    *('repeated', 'replace', 'samplingRate', 'separator', 'source', 'subField', 'transform'),
)
_CONTEXT = {
    '@language': 'en',
    '@vocab': 'https://schema.org/',
    'conformsTo': 'dct:conformsTo',
    'cr': 'http://mlcommons.org/croissant/',
    'data': {'@id': 'cr:data', '@type': '@json'},
    'dataType': {'@id': 'cr:dataType', '@type': '@vocab'},
    'dct': 'http://purl.org/dc/terms/',
    'examples': {'@id': 'cr:examples', '@type': '@json'},
    'rai': 'http://mlcommons.org/croissant/RAI/',
    'sc': 'https://schema.org/',
    **{name: f'cr:{name}' for name in _NAMES},
}
# Of a face: what it is called in the annotations, its type, and what it means.
_OF_FACES = (
    ('image_id', 'sc:Integer', 'number of the image'),
    ('keypoints', 'sc:Float', 'x, y and 2 of every landmark, pixels; the centre of the first pixel lies at 0'),
    ('ambiguity', 'sc:Float', 'covariance (xx, xy, yy) of the annotation noise of every landmark, squared pixels'),
    ('bbox', 'sc:Float', 'box around the landmarks: x, y, width, height, pixels'),
)
_OF_IMAGES = (('id', 'sc:Integer', 'number of the image'), ('file_name', 'sc:Text', 'its file, below images'))


def describe(data_root: Path, benchmark: str) -> str:
    """Croissant description, JSON-LD, of drawn faces that are prepared; paths are relative to their folder.

    Args:
        data_root: folder of all prepared benchmarks.
        benchmark: 'synthetic-29', 'synthetic-68' or 'synthetic-98'.

    Raises:
        UsageError: they are photographs, whose authors alone may say what they are and under which terms.
        BenchmarkError: nothing is prepared, or the manifest is damaged.
    """
    if not get_benchmark(benchmark).synthetic:
        raise UsageError(f'{benchmark}: photographs are described by their authors (drawn faces alone are, here)')
    manifest = read_manifest(data_root, benchmark)
    described = {
        '@context': _CONTEXT,
        '@type': 'sc:Dataset',
        'name': benchmark,
        'description': _description(manifest),
        'conformsTo': CONFORMS_TO,
        'citeAs': f'STAR loss in MMPose: a reproducible benchmark for facial landmark detection, version {__version__}',
        'license': 'https://spdx.org/licenses/Apache-2.0',
        'creator': {'@type': 'sc:Organization', 'name': 'The STAR loss benchmark contributors'},
        'version': __version__,
        'isAccessibleForFree': True,
        'distribution': [part for split in SPLITS for part in _files(manifest, split)],
        'recordSet': [part for split in SPLITS for part in _records(split)],
    }
    return json.dumps(described, indent=1, ensure_ascii=False) + '\n'


def _description(manifest: Manifest) -> str:
    rules, drawing = get_benchmark(manifest.benchmark), manifest.drawing
    noise = f'annotation noise: {drawing.noise}' if drawing.noise else 'annotation noise like that of annotators'
    return (
        f'{rules.title}: {manifest.train_images} training and {manifest.test_images} test faces drawn by the generator '
        f'(version {drawing.generator}, seed {drawing.seed}) of the STAR loss benchmark; '
        f'{noise} in the training faces, none in the test faces, and its covariance is known. No person is shown. '
        f'Fingerprint {manifest.fingerprint}. '
        f'Drawn again by: python -m benchmark.prepare {manifest.benchmark}'
    )


def _files(manifest: Manifest, split: str) -> list[dict]:
    return [
        {
            '@type': 'cr:FileObject',
            '@id': f'{split}-annotations',
            'name': f'annotations of the {split} faces',
            'contentUrl': f'annotations/{split}.json',
            'encodingFormat': 'application/json',
            'sha256': manifest.annotation_sha256[split],
        },
        {
            '@type': 'cr:FileSet',
            '@id': f'{split}-pictures',
            'name': f'pictures of the {split} faces',
            'encodingFormat': 'image/png',
            'includes': f'images/{split}/*.png',
        },
    ]


def _records(split: str) -> list[dict]:
    return [
        {
            '@type': 'cr:RecordSet',
            '@id': f'{split}-{what}',
            'name': f'{split} {what}',
            'field': [
                {
                    '@type': 'cr:Field',
                    '@id': f'{split}-{what}/{name}',
                    'name': name,
                    'description': meaning,
                    'dataType': kind,
                    **({'repeated': True} if kind == 'sc:Float' else {}),
                    'source': {
                        'fileObject': {'@id': f'{split}-annotations'},
                        'extract': {'jsonPath': f'$.{key}[*].{name}'},
                    },
                }
                for name, kind, meaning in fields
            ],
        }
        for what, key, fields in (('images', 'images', _OF_IMAGES), ('faces', 'annotations', _OF_FACES))
    ]
