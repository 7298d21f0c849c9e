"""Where a run reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders of a run.

    Attributes:
        data: prepared data.
        work: checkpoints and logs; one folder an experiment below it.
        records: records and predictions.
    """

    data: Path
    work: Path
    records: Path
