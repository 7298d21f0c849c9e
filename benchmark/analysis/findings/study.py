"""All findings of the study, from a folder of reports."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from benchmark.analysis.checked import checked_sections
from benchmark.analysis.comparison import compare, correct, pair
from benchmark.analysis.difference import Difference
from benchmark.analysis.findings.ambiguity import on_drawn_faces
from benchmark.analysis.findings.directed import Directions
from benchmark.analysis.findings.directions import along_and_across
from benchmark.analysis.findings.finding import Finding
from benchmark.analysis.findings.losses import NETWORKS, WFLW, between_losses, on_300w, on_wflw, planned_pairs
from benchmark.analysis.findings.mirroring import leaning
from benchmark.analysis.findings.small import small_network
from benchmark.analysis.findings.tuning import tried
from benchmark.analysis.rows import Row
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import ALL_RECORDS, Store

AMBIGUITY, MIRRORING = 'ambiguity', 'study-mirroring'
_LEVEL = re.compile(r'(along|around)-(\d+(?:\.\d+)?)')


def study_findings(analyses: Sequence[Analysis], reports: Path, earlier: Store, store: Store) -> tuple[Finding, ...]:
    """The answers to the questions of docs/study.md, in their order, then what was tried before; none without records.

    Args:
        analyses: of the benchmarks of the reports.
        reports: their folder, which may hold ``residuals/``, records of trials in ``tuning/records/``, and of drawn
            faces with annotation noise of one size in ``ambiguity/<kind>-<percent>/records/``.
        earlier: results of earlier builds.
        store: where those of this build are kept; what is computed of these drawn faces is added.

    Raises:
        BenchmarkError: a record or a file of residuals is damaged.
    """
    by_name = {one.section.benchmark.name: one for one in analyses}
    faces, wild = by_name.get('300w'), by_name.get('wflw')
    pairs = [*(one for plan in NETWORKS for one in planned_pairs(faces, plan)), *planned_pairs(wild, WFLW)]
    directions = Directions(reports)
    found = (
        on_300w(faces),
        between_losses(faces),
        on_wflw(wild),
        on_drawn_faces(_drawn(reports, earlier, store), [one for one in analyses if one.section.benchmark.synthetic]),
        along_and_across(pairs, directions),
        leaning(*_mirroring(faces, pairs, directions)),
        small_network(faces),
        tried(reports),
    )
    return () if all(one.answer == 'not run' for one in found) else found


def _drawn(reports: Path, earlier: Store, store: Store) -> Mapping[tuple[str, float], Analysis]:
    """By kind and size of the noise the analysis of what was trained with it."""
    found = {}
    for folder in sorted((reports / AMBIGUITY).glob('*-*')):
        level = _LEVEL.fullmatch(folder.name)
        if level is None:
            continue
        own = earlier.copy()  # reading one folder forgets what belongs to others
        own.checked.pop(ALL_RECORDS, None)
        for section in checked_sections([folder], own):
            found[level[1], float(level[2])] = Analysis(section, own)
        store.digests |= own.digests
        store.checked |= {name: one for name, one in own.checked.items() if name != ALL_RECORDS}
    return dict(sorted(found.items()))


def _mirroring(
    analysis: Analysis | None, pairs: Sequence[tuple[Row, Row]], directions: Directions
) -> tuple[list[Row], Directions, list[Difference], list[Difference]]:
    """What question F looks at: rows, remedies against the same loss without, and STAR with each remedy."""
    star = planned_pairs(analysis, MIRRORING)
    remedied = [row for each in star for row in each]
    plain = {
        row.record.loss: row
        for row in reversed([row for each in pairs for row in each])
        if row.benchmark.name == '300w'
    }
    wanted = [(row, plain[row.record.loss]) for row in remedied if row.record.loss in plain]
    measure = analysis.headlines[0] if analysis else None
    compared = [(found, measure) for row, other in wanted if (found := pair(row, other)) is not None]
    remedies = correct(compare(compared), lambda one: one.measure)
    differences = [analysis.difference(row, baseline, measure) for row, baseline in star]
    rows = [row for each in pairs for row in each] + remedied
    return rows, directions, remedies, [one for one in differences if one is not None]
