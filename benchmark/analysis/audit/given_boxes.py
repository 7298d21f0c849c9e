"""Whether a record that names face boxes from a file can have been made in them."""

from __future__ import annotations

from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.protocol.face_boxes import BOX_KINDS, WFLW_RECTANGLES
from benchmark.records.record import Record


def box_findings(path: Path, record: Record) -> list[Finding]:
    """Boxes of a training, of another benchmark than their own, or other ones than the words of ``box`` say.

    Args:
        path: the record.
        record: what was read of it; done, and with ``boxes``.
    """
    kind = BOX_KINDS[record.boxes.kind]
    fault = None
    if record.weights is None:
        fault = 'of a record without given weights'
    elif kind.name == WFLW_RECTANGLES and record.benchmark != 'wflw':
        fault = f'{kind.name} of {record.benchmark}'
    elif not (record.box or '').startswith(kind.box):
        fault = f'box says "{record.box}", expected "{kind.box} ..."'
    what_to_do = 'restore the record, or evaluate the weights again with --boxes'
    return [Finding('boxes', f'{path}: boxes: {fault} ({what_to_do})')] if fault else []
