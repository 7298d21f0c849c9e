from __future__ import annotations

import io

import pytest
from rich.console import Console

from benchmark.analysis.selection import compare_named
from benchmark.errors import UsageError
from benchmark.site.terminal import print_comparison, print_tables


def _printed(reports, width=100, names=()):
    stream = io.StringIO()
    print_tables([reports], Console(file=stream, width=width), names)
    return stream.getvalue()


def _compared(reports, first, second, width=80):
    stream = io.StringIO()
    print_comparison(compare_named([reports], first, second), Console(file=stream, width=width))
    return stream.getvalue()


def test_one_table_per_benchmark(filled):
    text = _printed(filled)
    assert text.count('full test set, percent') == 5
    assert '300W (inter-ocular, full test set, percent)' in text
    assert 'Synthetic faces, 68 landmarks (synthetic, inter-ocular, full test set, percent)' in text


def test_only_the_named_benchmarks_are_printed(filled):
    text = _printed(filled, names=['wflw', '300w'])
    assert text.index('WFLW (') < text.index('300W (')
    assert 'Synthetic' not in text


def test_named_benchmark_without_a_record_is_said(filled):
    text = _printed(filled, names=['cofw', '300w'])
    assert '300W (' in text
    assert 'nothing has been run on cofw yet' in text


def test_unknown_benchmark_is_a_usage_error(filled):
    with pytest.raises(UsageError, match=r"unknown benchmark 'ibug' .*300w"):
        _printed(filled, names=['ibug'])


def test_reasons_and_partial_data_are_below_the_table(filled):
    text = ' '.join(_printed(filled).split())
    assert 'partial: 2012 of 3148 training, 562 of 689 test images' in text
    assert 'failed: loss is NaN in epoch 3' in text


def test_rows_that_wait_are_counted_below_those_that_have_a_result(factory):
    factory.add('300w', 'STAR', created='2026-11-25T10:00:00Z')
    for number in range(7):
        factory.add('300w', 'Wing', name=f'waiting-{number}', recipe=str(number), status='no-data', reason='no data')
    factory.add('300w', 'L1', status='failed', reason='loss is NaN')
    factory.add('wflw', status='no-data', reason='no data')
    text = _printed(factory.reports)
    assert 'waiting-' not in text and 'Wing' not in text
    assert '  7 rows without a result: not-run: data has been prepared since\n' in text
    assert 'failed: loss is NaN' in text
    assert text.split('WFLW (')[1].split('percent)\n')[1].strip() == '1 row without a result: no-data: no data'


def test_interval_of_few_seeds_is_said_to_be_of_the_networks(filled):
    note = 'Δ of fewer than 3 seeds, or of seeds that do not differ: of these networks alone'
    assert note in _printed(filled, names=['300w']) and note not in _printed(filled, names=['synthetic-68'])


@pytest.mark.parametrize('width', [50, 80, 120])
def test_tables_fit_the_terminal(filled, width):
    text = _printed(filled, width)
    assert max(map(len, text.splitlines())) <= width
    for label in ('FR@10', 'AUC@10', 'smooth-L1', 'ResNet-18', '±', 'Status'):
        assert label in text
    assert '…' not in text
    headings = [line for line in text.splitlines() if line.startswith(' Loss')]
    assert len(headings) == 3 and ['Status' in line for line in headings[:2]] == 2 * [width >= 80]


@pytest.mark.parametrize('width', [50, 80])
def test_comparison_fits_the_terminal(filled, width):
    text = _compared(filled, 'synthetic-68_resnet-18_star', 'synthetic-68_resnet-18_smooth-l1', width)
    assert max(map(len, text.splitlines())) <= width and '…' not in text
    assert 'A\u2212B' in text and 'over both' in ' '.join(text.split())


def test_markup_in_names_is_printed_as_written(factory):
    for loss in ('[red]x', 'smooth-L1'):
        factory.add('synthetic-29', loss, name=f'markup-{loss}', network='[/]')
    for text in (_printed(factory.reports), _compared(factory.reports, 'markup-[red]', 'smooth')):
        assert '[red]x' in text and '[/]' in text


def test_empty_folder_says_how_to_run(tmp_path):
    assert _printed(tmp_path) == 'nothing has been run yet (run: python -m benchmark.run --all)\n'


def test_comparison_shows_numbers_intervals_p_and_the_sentence(filled):
    text = _compared(filled, 'synthetic-68_resnet-18_star', 'synthetic-68_resnet-18_smooth-l1')
    found = compare_named([filled], 'synthetic-68_resnet-18_star', 'synthetic-68_resnet-18_smooth-l1')
    assert max(map(len, text.splitlines())) <= 80 and '…' not in text
    assert text.count('challenge  AUC@8') == 2 and text.index('inter-ocular\n') < text.index('inter-pupil\n')
    first = found.differences[0]
    line = next(line for line in text.splitlines() if line.startswith(' full') and 'NME' in line)
    values = [f'{value.mean:.2f}' for value in found.values(first.measure)]
    assert line.split()[2:4] == values
    assert line.split()[-1] == f'{first.corrected_p:.2g}'
    for interval in (first.over_images, first.over_seeds, first.over_both):
        assert f'{abs(interval[0]):.2f}' in line
    assert first.sentence() in ' '.join(text.split())


def test_comparison_over_one_seed_has_no_columns_of_seeds(filled):
    text = _compared(filled, '300w_resnet-18_star', '300w_resnet-18_smooth-l1')
    assert 'over images' in text and 'over seeds' not in text.split('inter-ocular\n')[1]
    assert 'partial data' in text and 'Images: full 562, common 554, challenge 8.' in text
