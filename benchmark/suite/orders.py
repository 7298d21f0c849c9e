"""What a process is told to train, and what it tells the one that has started it."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from benchmark.suite.conditions import Places

Outcome = Literal['done', 'failed', 'taken', 'paused']
ENDED = 'the job was being ended'  # why something is paused that a cluster's signals have ended


@dataclass(frozen=True)
class Order:
    """One experiment with one seed, for one process of those that share it.

    Attributes:
        config: the configuration, or the address of a variant.
        name: name of the experiment.
        seed: the seed; None where given weights are tested.
        fingerprint: what was planned.
        device: 'cpu' or 'cuda'.
        threads: threads that it computes on; None leaves it to PyTorch.
        places: folders.
        folder: where the command was given.
        environment: all environment variables of the process.
        parts: batches that each batch of the configuration is divided into, whose gradients are added up.
        plan: the plan that names this run, if there is one.
        weights_role: what the weights are for: 'initial', 'random' or 'final'; None where there are none.
        weights: file of the weights.
        boxes: file of the face boxes to test in; None for those of the landmarks.
        perturbed: whether to test in perturbed boxes as well.
        until: time at which everything has to have ended, seconds since the epoch; None where there is no limit.
        owner: number of the last owner of the claim on it when this was ordered, 0 where there was none; what a later
            one has failed at is not tried again.
    """

    config: Path
    name: str
    seed: int | None
    fingerprint: str
    device: str
    threads: int | None
    places: Places
    folder: Path
    environment: dict[str, str] = field(repr=False)
    parts: int = 1
    plan: Path | None = None
    weights_role: str | None = None
    weights: Path | None = None
    boxes: Path | None = None
    perturbed: bool = False
    until: float | None = None
    owner: int = 0


@dataclass(frozen=True)
class Ending:
    """How a process, or several that share an experiment, came to an end.

    Attributes:
        outcome: 'done'; 'failed'; 'taken' where another process is at it, or has just failed at it; 'paused' where it
            was asked to end early.
        reason: one line on why it is not done.
        memory: whether memory ran out.
        stalled: whether it was ended because it made no progress.
    """

    outcome: Outcome
    reason: str = ''
    memory: bool = False
    stalled: bool = False


def holds_epoch(until: float | None, epoch_seconds: float, besides: float = 0.0) -> bool:
    """Whether the time that is left holds another epoch; half as much again is left for the test and for storing.

    Args:
        until: time at which everything has to have ended, seconds since the epoch; None where there is no limit.
        epoch_seconds: what an epoch takes.
        besides: seconds that are needed for something else.
    """
    return until is None or time.time() + besides + 1.5 * epoch_seconds <= until


def claim_of(places: Places, name: str, seed: int | None, fingerprint: str) -> Path:
    """What names the claim on an experiment with a seed (see :mod:`benchmark.claims`)."""
    return places.work / 'claims' / places.checkpoints(name, seed, fingerprint).name


def log_of(places: Places, name: str, seed: int | None) -> Path:
    """Where everything goes that an experiment with a seed prints."""
    return places.work / f'{name}{"" if seed is None else f"-seed{seed}"}.log'
