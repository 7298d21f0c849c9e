"""Landmarks as JSON: COCO results as MMPose writes them, a COCO file with its images, or a map from names to points."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain

import numpy as np

from benchmark.records.formats.landmarks import FormatFault, Landmarks, from_rows

_LARGEST_ID = 2**53
_MOST_IMAGES = 1_000_000
_POINTS = ('keypoints', 'landmarks', 'points')
_NAMES = ('image', 'file_name', 'image_name', 'name', 'img_path')


def read_json_landmarks(text: str) -> Landmarks:
    """Landmarks of a JSON text.

    Args:
        text: one of

            - a list of COCO results, ``{"image_id": 3, "keypoints": [x, y, score, ...], ...}``, or with a name under
              "image" or "file_name" instead;
            - a COCO file with "images" and "annotations", of which the first name the second;
            - a map from names to ``[[x, y], ...]`` or ``[x, y, x, y, ...]``;
            - a list of such landmarks, without names.

    Raises:
        FormatFault: something else.
    """
    try:
        data = json.loads(text)
    except RecursionError as error:
        raise FormatFault('nested too deeply') from error
    except ValueError as error:
        raise FormatFault(f'no JSON: {error}') from error
    if isinstance(data, dict) and 'annotations' in data:
        return _coco_file(data)
    if isinstance(data, dict):
        names = tuple(data)
        return _of_lists(list(data.values()), 'a map from names to landmarks', names)
    if isinstance(data, list) and data and all(isinstance(one, dict) for one in data):
        return _results(data)
    if isinstance(data, list):
        return _of_lists(data, 'a list without names', None)
    raise FormatFault('neither a list of results nor a map from names to landmarks')


def _coco_file(data: Mapping) -> Landmarks:
    images, results = data.get('images'), data['annotations']
    if not _are_dicts(images) or not _are_dicts(results):
        raise FormatFault('"images" and "annotations" are not lists of objects')
    names = {one.get('id'): one.get('file_name') for one in images if isinstance(one.get('id'), int)}
    found = _results(results)
    if found.ids is None:
        raise FormatFault('the annotations have no image_id')
    unnamed = next((number for number in found.ids.tolist() if not isinstance(names.get(number), str)), None)
    if unnamed is not None:
        raise FormatFault(f'image_id {unnamed} has no file_name among the images')
    return Landmarks(found.keypoints, 'a COCO file', tuple(names[number] for number in found.ids.tolist()))


def _results(data: Sequence[Mapping]) -> Landmarks:
    """A list of results: ids or names, and the points in triples where they come as in COCO."""
    key = next((key for key in _POINTS if key in data[0]), None)
    if key is None:
        held = ', '.join(map(repr, list(data[0])[:8]))
        raise FormatFault(f'results without "keypoints" (there are: {held or "no keys"})')
    named = next((name for name in _NAMES if isinstance(data[0].get(name), str)), None)
    label = 'image_id' if named is None and 'image_id' in data[0] else named
    if label is None:
        raise FormatFault('results without "image_id" or "image"')
    for place, one in enumerate(data):
        for wanted in (key, label):
            if wanted not in one:
                raise FormatFault(f'result {place} has no "{wanted}"')
    labels = [one[label] for one in data]
    if all(isinstance(one, str) for one in labels):
        found = _of_lists([one[key] for one in data], 'results with names', tuple(labels), triples=True)
        return Landmarks(found.keypoints, found.form, found.names)
    wrong = next((one for one in labels if type(one) is not int or not 0 <= one < _LARGEST_ID), None)
    if wrong is not None:
        raise FormatFault(f'"{label}" {str(wrong)[:40]!r} is no whole number from 0')
    found = _of_lists([one[key] for one in data], 'COCO results', tuple(f'image id {n}' for n in labels), triples=True)
    return Landmarks(found.keypoints, found.form, ids=np.array(labels, dtype=np.int64))


def _of_lists(values: Sequence, form: str, names: tuple[str, ...] | None, triples: bool = False) -> Landmarks:
    """Landmarks of images as lists of numbers or of points; flat ones are x, y, score where ``triples`` allows it."""
    if len(values) > _MOST_IMAGES:
        raise FormatFault(f'{len(values):,} images')
    labels = list(names) if names is not None else [f'place {place}' for place in range(len(values))]
    rows, widths = [], set()
    for label, value in zip(labels, values, strict=True):
        if not isinstance(value, list) or not value:
            raise FormatFault(f'{label}: no list of landmarks')
        if isinstance(value[0], list):
            # One face of an image, in a list of its own.
            points = value[0] if len(value) == 1 and value[0] and isinstance(value[0][0], list) else value
            lengths = {len(point) if isinstance(point, list) else 0 for point in points}
            if len(lengths) != 1 or not lengths <= {2, 3}:
                raise FormatFault(f'{label}: landmarks that are not all [x, y]')
            widths |= lengths
            rows.append(list(chain.from_iterable(points)))
        else:
            widths.add(3 if triples and len(value) % 3 == 0 else 2)
            rows.append(value)
    if len(widths) > 1:
        raise FormatFault('landmarks of two numbers in some images, of three in others')
    return Landmarks(from_rows(rows, labels, widths.pop() if widths else 2), form, names)


def _are_dicts(values: object) -> bool:
    return isinstance(values, list) and bool(values) and all(isinstance(one, dict) for one in values)
