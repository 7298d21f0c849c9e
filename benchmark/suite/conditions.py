"""Under which conditions a run is carried out: folders, device, processes and weights."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.suite.shift import Shift


# Usual folders, by the names of their options.
FOLDERS = {
    'data_root': 'data',
    'results': 'results',
    'reports': 'reports',
    'work_dir': 'work_dirs',
    'configs': 'mmpose_configs',
}


def usual_folder(name: str) -> Path:
    """The folder that an option has where it is not given; configurations that are not here are those installed.

    Args:
        name: of the option, a key of :data:`FOLDERS`.
    """
    here = Path(FOLDERS[name])
    installed = Path(__file__).resolve().parents[2] / here
    return installed if name == 'configs' and not here.exists() and installed.is_dir() else here


@dataclass(frozen=True)
class Places:
    """Folders of a run.

    Attributes:
        data: prepared data.
        work: checkpoints and logs.
        records: records and predictions of one's own.
        cache: folder of face crops; None: beside the data, or among the user's caches where these are read-only.
    """

    data: Path
    work: Path
    records: Path
    cache: Path | None = None

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
        jobs: trainings that run at once; None leaves it to the room that there is.
        threads: threads of each training; None: one on a CPU, what PyTorch takes on a GPU.
        gpus: numbers of the GPUs that may be used, as they are visible to this process.
        per_gpu: trainings that share a GPU.
        stalled_after: seconds without progress after which a training is ended and begun once more.
        shift: the time of the worker on a cluster that this is; None elsewhere.
    """

    device: str
    processes: int = 1
    pretrained: Path | None = None
    without_pretrained: bool = False
    named: bool = False
    plan: Path | None = None
    jobs: int | None = None
    threads: int | None = None
    gpus: tuple[int, ...] = ()
    per_gpu: int = 1
    stalled_after: float = 1800.0
    shift: Shift | None = None

    @property
    def until(self) -> float | None:
        """Time at which everything has to have ended, seconds since the epoch; None where there is no limit."""
        return self.shift and self.shift.until
