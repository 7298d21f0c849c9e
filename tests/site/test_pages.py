from __future__ import annotations

import re

import numpy as np
import pytest

from benchmark.site import build_reports
from benchmark.site.pages import escape_markdown
from benchmark.site.runs import read_runs

NONE = '\u2013'
HEADLINE = '300W, inter-ocular (headline): NME, FR and AUC in percent'
SYNTHETIC = 'Synthetic faces, 68 landmarks, inter-ocular (headline): NME, FR and AUC in percent'


@pytest.fixture(scope='module')
def built(filled):
    build_reports(filled)
    return filled


@pytest.fixture(scope='module')
def markdown(built, read_markdown):
    return read_markdown((built / 'README.md').read_text())


@pytest.fixture(scope='module')
def page(built):
    return (built / 'index.html').read_text()


def _errors(reports, benchmark, loss, subset, distance):
    """NME of each image and seed, computed without the package's metrics."""
    found = []
    for run in read_runs(reports):
        record, predictions = run.record, run.predictions
        if (record.benchmark, record.loss, record.status) == (benchmark, loss, 'done'):
            member = predictions.subsets[:, predictions.subset_names.tolist().index(subset)]
            mean = predictions.distances.astype(np.float64).mean(axis=1)
            found.append(100 * (mean / getattr(predictions, distance))[member])
    return found


@pytest.mark.parametrize('loss', ['smooth-L1', 'STAR'])
@pytest.mark.parametrize(
    ('caption', 'distance'),
    [(HEADLINE, 'inter_ocular'), ('300W, inter-pupil (second normalizer): NME, FR and AUC in percent', 'inter_pupil')],
)
def test_accuracy_is_computed_from_the_predictions(built, markdown, loss, caption, distance):
    line = next(line for line in markdown[caption] if line['Loss'] == loss)
    for subset, note in (('full', ' (562 of 689 images)'), ('common', ''), ('challenge', ' (8 of 135 images)')):
        (errors,) = _errors(built, '300w', loss, subset, distance)
        assert line[f'NME {subset}'] == f'{errors.mean():.2f}{note}'
    (errors,) = _errors(built, '300w', loss, 'full', distance)
    for threshold in (8, 10):
        assert line[f'FR @{threshold}'] == f'{100 * (errors > threshold).mean():.2f}'
        area = np.maximum(0, 1 - errors / threshold).mean()
        assert line[f'AUC @{threshold}'] == f'{100 * area:.2f}'
    assert line['Status'] == 'partial: 2012 of 3148 training, 562 of 689 test images'


def test_several_seeds_show_mean_and_deviation(built, markdown):
    line = next(line for line in markdown[SYNTHETIC] if line['Loss'] == 'STAR')
    means = [errors.mean() for errors in _errors(built, 'synthetic-68', 'STAR', 'common', 'inter_ocular')]
    assert len(means) == 3
    assert line['NME common'] == f'{np.mean(means):.2f} \u00b1 {np.std(means, ddof=1):.2f}'
    assert line['Seeds'] == '3'


def test_difference_to_the_baseline_stands_in_the_row(built, markdown):
    baseline, star = markdown[HEADLINE][:2]
    (ours,), (theirs,) = (_errors(built, '300w', loss, 'full', 'inter_ocular') for loss in ('STAR', 'smooth-L1'))
    label = '\u0394NME to smooth-L1 [95 %]'
    assert baseline[label] == NONE
    assert star[label].startswith(f'{ours.mean() - theirs.mean():+.2f} ['.replace('-', '\u2212'))


def test_rows_without_a_result_keep_their_line_with_the_reason_and_no_number(markdown):
    line = markdown[HEADLINE][2]
    assert line['Network'] == 'Hourglass (4 stacks, AAM)'
    assert line['Status'] == '*failed: loss is NaN in epoch 3*'
    assert {text for label, text in line.items() if label not in ('Loss', 'Network', 'Input', 'Status')} == {NONE}


def test_rows_that_lack_the_same_share_a_line_that_names_them_all(markdown, page):
    (line,) = markdown['WFLW, inter-ocular (headline): NME, FR and AUC in percent']
    assert line['Loss'] == 'smooth-L1, STAR'
    assert line['Status'] == '*no-data: no prepared data in data/wflw*'
    assert 'No prepared data yet. Get WFLW' in page


def test_page_holds_the_same_tables_as_the_markdown(page, markdown, read_html):
    html = read_html(page)
    assert set(html) == set(markdown)
    for caption, lines in markdown.items():
        for row, line in zip(html[caption], lines, strict=True):
            cells = [cell.strip('*') for cell in line.values()]
            if len(row) == len(cells):
                assert [re.sub(r'[()]', '', cell) for cell in row] == [re.sub(r'[()]', '', cell) for cell in cells]
            else:
                assert row == [cell for cell in cells if cell != NONE]


def test_rows_without_a_result_are_greyed(page):
    rows = re.findall(r'<tr class="missing">.*?</tr>', page, flags=re.DOTALL)
    assert any('failed: loss is NaN in epoch 3' in row for row in rows)
    assert '.missing th, .missing td { color: var(--muted)' in page


def test_agreement_with_the_true_ambiguity_is_the_median_angle(built, markdown):
    caption = 'Synthetic faces, 68 landmarks: main axis of the predicted heatmap against the true ambiguity'
    lines = {line['Loss']: line for line in markdown[caption]}
    medians = []
    for run in read_runs(built):
        if (run.record.benchmark, run.record.loss) != ('synthetic-68', 'STAR'):
            continue
        full = [
            np.stack([c[..., [0, 1]], c[..., [1, 2]]], -1)
            for c in (run.predictions.covariances, run.predictions.ambiguity)
        ]
        first, second = (np.linalg.eigh(c.astype(float))[1][..., 1] for c in full)
        medians.append(np.median(np.degrees(np.arccos(np.minimum(1, np.abs((first * second).sum(-1)))))))
    mean, deviation = (float(text) for text in lines['STAR']['Median angle, degrees'].split(' \u00b1 '))
    assert mean == pytest.approx(np.mean(medians), abs=0.011)
    assert deviation == pytest.approx(np.std(medians, ddof=1), abs=0.011)
    assert lines['chance']['Median angle, degrees'] == '45.00'


def test_synthetic_and_real_faces_never_share_a_table(built, markdown):
    of_real = {run.record.name for run in read_runs(built) if not run.benchmark.synthetic}
    for caption in markdown:
        named = any(caption.startswith(f'{name}: ') for name in of_real)
        assert (
            sum((caption.startswith(('300W', 'WFLW', 'COFW')), 'ynthetic' in caption or 'hostile' in caption, named))
            == 1
        )
    text = (built / 'README.md').read_text()
    real, synthetic = text.split('\n## Synthetic faces\n')
    assert 'Synthetic faces, ' not in real
    assert '300W' not in synthetic.split('\n## Not run')[0]


def test_hostile_names_are_shown_as_written(page, built, read_html, read_markdown):
    assert '<script' not in page and '<b>' not in page
    caption = 'Synthetic faces, 98 landmarks, inter-ocular (headline): NME, FR and AUC in percent'
    assert ['<script>alert(1)</script>', 'Net|<b>_x_'] in [row[:2] for row in read_html(page)[caption]]
    text = (built / 'README.md').read_text()
    assert '<script' not in text and '<b>' not in text
    assert 'Net\\|&lt;b&gt;\\_x\\_' in text
    assert '<script>alert(1)</script>' in [line['Loss'] for line in read_markdown(text)[caption]]


def test_markdown_escape_keeps_text_on_one_line_and_in_one_cell():
    assert escape_markdown('a|b\n\n# <i>*c*') == r'a\|b \# &lt;i&gt;\*c\*'


def test_provenance_of_every_seed_is_on_the_page(built, page):
    for run in read_runs(built):
        for fact in (run.record.fingerprint, run.record.recipe, run.record.created, run.path.name):
            assert fact in page
        if run.record.environment:
            assert run.record.environment.git_commit in page
            assert 'torch 2.9.0' in page


def test_page_needs_nothing_from_elsewhere(page):
    assert not re.search(r'(?:src|href)="(?!#|data:,|figures/)', page)
    assert not re.search(r'url\((?!#)|@import', page)
    assert set(re.findall(r'https?://[^"\s<]*', page)) <= {'http://www.w3.org/2000/svg', 'http://www.w3.org/1999/xlink'}


def test_markdown_links_lead_to_files(built):
    links = re.findall(r'\]\(([^)]+)\)', (built / 'README.md').read_text())
    assert any(link.endswith('.svg') for link in links)
    assert all((built / link).is_file() for link in links)
