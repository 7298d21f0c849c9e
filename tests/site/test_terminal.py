from __future__ import annotations

import io

from rich.console import Console

from benchmark.site import print_tables, terminal_tables


def _printed(reports, width=100):
    stream = io.StringIO()
    print_tables(reports, Console(file=stream, width=width))
    return stream.getvalue()


def test_one_table_per_benchmark(filled):
    assert len(terminal_tables(filled)) == 5
    text = _printed(filled)
    assert '300W (inter-ocular, full test set, percent)' in text
    assert 'Synthetic faces, 68 landmarks (synthetic, inter-ocular, full test set, percent)' in text


def test_reasons_and_partial_data_are_below_the_table(filled):
    text = ' '.join(_printed(filled).split())
    assert 'partial: 2012 of 3148 training, 562 of 689 test images' in text
    assert 'failed: loss is NaN in epoch 3' in text


def test_fits_eighty_columns(filled):
    text = _printed(filled, width=80)
    assert max(map(len, text.splitlines())) <= 80
    for label in ('FR@10', 'AUC@10', 'smooth-L1', '±'):
        assert label in text
    assert '…' not in text


def test_markup_in_names_is_printed_as_written(factory):
    factory.add('synthetic-29', '[red]x', name='markup', network='[/]')
    text = _printed(factory.reports)
    assert '[red]x' in text and '[/]' in text


def test_empty_folder_says_how_to_run(tmp_path):
    assert _printed(tmp_path) == 'nothing has been run yet (run: python -m benchmark.run --all)\n'
