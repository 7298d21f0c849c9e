"""Under which conditions a run is carried out: folders, device, processes and weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Places:
    """Folders of a run.

    Attributes:
        data: prepared data.
        work: checkpoints and logs.
        records: records and predictions of one's own.
    """

    data: Path
    work: Path
    records: Path

    def checkpoints(self, name: str, seed: int | None, fingerprint: str) -> Path:
        """Folder of the checkpoints of one experiment with one seed, or of the log of a test of given weights."""
        return self.work / f'{name}{"" if seed is None else f"-seed{seed}"}-{fingerprint[:8]}'


@dataclass(frozen=True)
class Setup:
    """What the user chose for a run.

    Attributes:
        device: 'cpu' or 'cuda'.
        processes: processes that share a training; with 'cuda' each has a GPU of its own.
        pretrained: file of pretrained weights, or folder that holds it; None for torch's cache.
        without_pretrained: whether backbones start from random weights where there are no pretrained ones.
        named: whether experiments were chosen by name, so that one made for a GPU may take a CPU.
        plan: file of the plan that the run holds to; None where there is none.
    """

    device: str
    processes: int = 1
    pretrained: Path | None = None
    without_pretrained: bool = False
    named: bool = False
    plan: Path | None = None
