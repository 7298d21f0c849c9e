from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest

from benchmark.site.exports.spreadsheet import csv_text


def _read(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_numbers_are_those_of_the_predictions_at_full_precision(filled_views):
    view = filled_views['300w']
    for cells, line in zip(_read(csv_text(view.board)), view.board.lines, strict=True):
        if not line.row.done:
            continue
        predictions = line.row.done[0].read_predictions()
        nme = 100 * predictions.mean_distance / predictions.inter_ocular
        assert float(cells['nme.full.inter-ocular']) == pytest.approx(nme.mean(), abs=2e-6)
        assert float(cells['fr10.full.inter-ocular']) == pytest.approx(100 * (nme > 10).mean(), abs=1e-6)
        assert float(cells['nme.full.inter-ocular.low']) < nme.mean() < float(cells['nme.full.inter-ocular.high'])


def test_every_column_of_the_board_is_there_with_deviation_and_interval_where_there_are_any(filled_views):
    view = filled_views['synthetic-68']
    header = list(_read(csv_text(view.board))[0])
    assert {field.key for field in view.board.fields} < set(header)
    assert header[0] == 'name'
    assert 'nme.full.inter-ocular.deviation' in header
    assert 'delta.inter-ocular.low' in header
    assert not any(column.startswith(('loss.', 'seeds.', 'train_seconds.')) for column in header)


def test_one_seed_has_no_column_of_deviations(filled_views):
    assert not any(column.endswith('.deviation') for column in _read(csv_text(filled_views['300w'].board))[0])


def test_missing_is_empty_and_counts_are_whole(filled_views):
    lines = {cells['name']: cells for cells in _read(csv_text(filled_views['300w'].board))}
    failed = next(cells for cells in lines.values() if cells['status'].startswith('failed'))
    assert failed['nme.full.inter-ocular'] == failed['seeds'] == failed['parameters'] == ''
    done = next(cells for cells in lines.values() if cells['status'].startswith('partial'))
    assert done['parameters'] == '11704420' and done['seeds'] == '1' and done['input'] == '256x256'


def test_pandas_reads_numbers_as_numbers(filled_views):
    table = pd.read_csv(io.StringIO(csv_text(filled_views['synthetic-68'].board)))
    assert table['nme.full.inter-ocular'].dtype == np.float64
    assert len(table) == len(filled_views['synthetic-68'].board.lines)


@pytest.mark.parametrize('name', ['=1+1', '+1', '-1', '@SUM(A1)'])
def test_no_text_runs_as_a_formula(factory, view, name):
    factory.add('synthetic-29', loss=f'{name},"x"', name='hostile', network=name)
    (cells,) = _read(csv_text(view().board))
    assert cells['loss'] == f'\'{name},"x"'
    assert cells['backbone'] == f"'{name}"
