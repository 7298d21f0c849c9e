"""Rows that were tested in other face boxes stand beside no row in boxes of the landmarks."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from benchmark.analysis.audit.given_boxes import box_findings
from benchmark.analysis.audit.pairs import pair_findings
from benchmark.analysis.runs import read_runs
from benchmark.analysis.selection import choose_pair, choose_sections, compare_named
from benchmark.analysis.standings import Analysis, Standing
from benchmark.analysis.store import Store
from benchmark.errors import UsageError
from benchmark.protocol.benchmarks import get_benchmark, in_boxes
from benchmark.protocol.face_boxes import BOX_KINDS, LANDMARKS, OFFICIAL_TABLE, WFLW_RECTANGLES
from benchmark.protocol.measures import Measure
from tests.results import boxes_from

NME = Measure('full', 'inter-ocular', 'nme')


@pytest.fixture
def mixed(factory, give_weights, sections):
    """WFLW trained here, and the same weights in boxes of every kind; the sections."""
    for seed in range(3):
        factory.add('wflw', 'smooth-L1', seed, error=0.05)
    for version, boxes in enumerate((None, OFFICIAL_TABLE, WFLW_RECTANGLES)):
        give_weights('wflw', name='given', boxes=boxes, error=0.03 + 0.01 * version, version=f'{version}')
    return sections()


def test_each_kind_of_boxes_has_a_section_of_its_own(mixed):
    kinds = [section.benchmark.boxes for section in mixed]
    assert kinds == [LANDMARKS, OFFICIAL_TABLE, WFLW_RECTANGLES]
    assert [section.benchmark.name for section in mixed] == ['wflw', 'wflw-official-boxes', 'wflw-rectangles']
    assert len({section.benchmark.title for section in mixed}) == 3
    for section in mixed:
        boxes = {row.record.boxes.kind if row.record.boxes else LANDMARKS for row in section.rows}
        assert boxes == {section.benchmark.boxes}
        assert all(row.benchmark is section.benchmark and not row.outdated for row in section.rows)


def test_better_row_in_other_boxes_takes_no_mark(factory, give_weights, sections):
    factory.add('wflw', 'smooth-L1', error=0.05)
    give_weights('wflw', boxes=OFFICIAL_TABLE, error=0.01)
    usual, official = (Analysis(section, Store()) for section in sections())
    assert [usual.standing(row, NME) for row in usual.section.rows] == [Standing(best=True)]
    assert [official.standing(row, NME) for row in official.section.rows] == [Standing()]


def test_rows_in_different_boxes_cannot_be_named_for_a_comparison(factory, mixed):
    rows = [row for section in mixed for row in section.rows]
    assert len({row.label for row in rows}) == len(rows)
    for first, second in (('official table', 'WFLW rectangles'), ('resnet-18_smooth-l1', 'official table')):
        with pytest.raises(UsageError, match='name two rows of one benchmark, in face boxes of one kind'):
            choose_pair(rows, first, second)
        with pytest.raises(UsageError):
            compare_named([factory.reports], first, second)


def test_name_of_a_benchmark_stands_for_its_faces_in_all_boxes(mixed):
    assert choose_sections(mixed, ['wflw']) == choose_sections(mixed, []) == mixed
    assert choose_sections(mixed, ['wflw-rectangles']) == mixed[2:]
    with pytest.raises(UsageError, match='300w-rectangles'):
        choose_sections(mixed, ['300w-rectangles'])


@pytest.mark.parametrize('boxes', BOX_KINDS)
def test_benchmark_in_other_boxes_is_another_with_the_same_faces(boxes):
    found = in_boxes('wflw', boxes)
    assert found is in_boxes('wflw', boxes) and found.faces == 'wflw' and found.boxes == boxes
    assert (found is get_benchmark('wflw')) == (boxes == LANDMARKS)
    assert found.subset_sizes == get_benchmark('wflw').subset_sizes


@pytest.mark.parametrize(
    ('benchmark', 'changes', 'message'),
    [
        ('wflw', {}, None),
        ('wflw', {'weights': None}, 'of a record without given weights'),
        ('300w', {}, 'WFLW rectangles of 300w'),
        (
            'wflw',
            {'box': 'landmark bounding box x 1'},
            'box says "landmark bounding box x 1", expected "WFLW rectangle',
        ),
    ],
)
def test_boxes_that_a_record_cannot_have_are_refused(factory, give_weights, benchmark, changes, message):
    record = give_weights(benchmark).model_copy(update={**boxes_from(WFLW_RECTANGLES), **changes})
    found = box_findings(factory.reports / 'records' / record.file_name, record)
    assert [one.severity for one in found] == (['fault'] if message else [])
    assert all(message in one.text for one in found)


def test_same_weights_may_predict_nearly_the_same_in_other_boxes(factory, give_weights):
    given = give_weights('synthetic-68')
    (first,) = read_runs([factory.reports], Store())
    predictions = first.read_predictions()
    moved = dataclasses.replace(predictions, keypoints=predictions.keypoints + np.float32(0.01), exact_means=None)
    give_weights('synthetic-68', boxes=OFFICIAL_TABLE, predictions=moved, version='2')
    runs = read_runs([factory.reports], Store())
    assert len(runs) == 2 and pair_findings(runs) == []
    weights = given.weights.model_copy(update={'sha256': 'cd' * 32})
    other = given.model_copy(update={'weights': weights})
    alike = [run if run.record.boxes is None else dataclasses.replace(run, record=other) for run in runs]
    assert [one.finding.code for one in pair_findings(alike)] == ['twin'], 'other weights in the same boxes'
