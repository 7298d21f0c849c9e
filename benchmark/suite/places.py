"""Where a run reads and writes."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

# Beside the checkpoints: says that this clone has tested them and stored the result.
RECORDED = 'recorded'


@dataclass(frozen=True)
class Places:
    """Folders of a run.

    Attributes:
        data: prepared data.
        work: checkpoints and logs.
        records: records and predictions.
    """

    data: Path
    work: Path
    records: Path

    def checkpoints(self, name: str, seed: int | None, fingerprint: str) -> Path:
        """Folder of the checkpoints of one experiment with one seed, or of the log of a test of given weights."""
        return self.work / f'{name}{"" if seed is None else f"-seed{seed}"}-{fingerprint[:8]}'
