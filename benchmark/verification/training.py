"""Records trained again, as one more check of each."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from benchmark.analysis.audit.finding import Finding
from benchmark.errors import BenchmarkError
from benchmark.records.record import read_records
from benchmark.verification.records import Verified
from benchmark.verification.rerun import rerun

CHECK = 'trained again'


def rerun_records(
    verified: Sequence[Verified], folders: Sequence[Path], data_root: Path | None, say: Callable[[str], None]
) -> list[str]:
    """Train records again that no other check refuses, each in a clean folder that is then removed.

    Args:
        verified: the records; the check is added to theirs.
        folders: those that may hold ``records/``, which tell how seeds vary.
        data_root: prepared data; drawn faces are drawn again where it does not hold those of a record.
        say: called with a line before each thing that takes long, and with what came of it.

    Returns:
        A line for each record that could not be trained again, and why.

    Raises:
        BenchmarkError: a record of the folders is damaged.
    """
    failed = []
    pool = [record for folder in folders for record in read_records(folder / 'records')]
    for one in verified:
        if one.refused:
            failed.append(f'{one.path}: refused, and not trained again')
            continue
        with tempfile.TemporaryDirectory(prefix='rerun-') as folder:
            try:
                holds, sentence = rerun(one.path, Path(folder), data_root, pool, say).judge()
            except BenchmarkError as error:
                failed.append(str(error))
                continue
        say(f'{one.path}: {sentence}')
        if holds is not True:
            one.checks[CHECK] = [Finding('rerun' if holds is False else 'not-judged', f'{one.path}: {sentence}')]
        else:
            one.checks[CHECK] = []
    return failed
