"""How a run is carried out: on which device, in how many processes, from which weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Setup:
    """What the user chose for a run.

    Attributes:
        device: 'cpu' or 'cuda'.
        processes: processes that share a training; with 'cuda' each has a GPU of its own.
        pretrained: file of pretrained weights, or folder that holds it; None for torch's cache.
        without_pretrained: whether backbones start from random weights where there are no pretrained ones.
        named: whether experiments were chosen by name, so that one made for a GPU may take a CPU.
    """

    device: str
    processes: int = 1
    pretrained: Path | None = None
    without_pretrained: bool = False
    named: bool = False
