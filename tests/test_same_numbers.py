"""The comparison that shows contributors whether a change keeps every number."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.records.predictions import save_predictions
from tests.same_numbers import as_stored, differences, main


@pytest.mark.parametrize('plain', [True, False])
def test_equal_predictions_do_not_differ_whatever_form_they_are_in(factory, tmp_path, plain):
    made = factory.predictions('synthetic-29', 'STAR', 0, {'full': 6}, 0.04)
    save_predictions(made, tmp_path / 'compact.npz')
    other = tmp_path / 'compact.npz'
    if plain:
        other = tmp_path / 'plain.npz'
        np.savez(other, **{name: array for name, array in vars(made).items() if array is not None})
    assert list(differences(as_stored(tmp_path / 'compact.npz', tmp_path), as_stored(other, tmp_path))) == []


def test_smallest_change_of_an_error_is_named(factory, tmp_path):
    made = factory.predictions('synthetic-29', 'STAR', 0, {'full': 6}, 0.04)
    distances = made.distances.copy()
    distances[3, 4] = np.nextafter(distances[3, 4], np.inf, dtype=np.float32)
    for name, predictions in (('before', made), ('now', dataclasses.replace(made, distances=distances))):
        save_predictions(predictions, tmp_path / f'{name}.npz')
    stored = (as_stored(tmp_path / f'{name}.npz', tmp_path) for name in ('before', 'now'))
    (line,) = differences(*stored)
    assert line.startswith('exact_means: differs by up to ')


def test_absent_arrays_and_other_shapes_are_named(factory):
    made = factory.predictions('synthetic-29', 'STAR', 0, {'full': 6}, 0.04)
    other = dataclasses.replace(made, covariances=None, image_ids=made.image_ids[:5])
    assert list(differences(made, other)) == [
        'image_ids: shape (6,) before, (5,) now',
        'covariances: there before, not so now',
    ]


def test_unknown_revision_is_one_line(capsys):
    assert main(['no-such-revision']) == 1
    assert capsys.readouterr().err == 'error: no-such-revision: cannot be checked out: ' + (
        'fatal: invalid reference: no-such-revision\n'
    )
