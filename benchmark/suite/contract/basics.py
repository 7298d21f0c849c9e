"""Whether a component can be called, gives the same again, and leaves what it is given as it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmark.suite.contract.findings import Outcome, failed, noted, passed
from benchmark.suite.contract.subject import Broken, Subject


def call(subject: Subject) -> Outcome:
    """Whether heads can work with what it gives: finite, with a gradient."""
    found = subject.reference
    shapes = ', '.join(str(tuple(one.shape)) for one in subject.usual)
    if not found.is_finite():
        return failed(f'values or gradients are not finite for usual inputs {shapes}')
    if not any(bool(one.any()) for one in (found.gradient, *filter(_there, found.parameters.values()))):
        return failed('no gradient arrives at inputs or parameters, so that nothing can be trained')
    gives = ', '.join(str(tuple(one.shape)) for one in found.outputs if one.ndim) or f'{found.outputs[0].item():.4g}'
    return passed(f'{shapes} give {gives}')


def repeatable(subject: Subject) -> Outcome:
    """Whether the same inputs after the same seed give the same bits, with deterministic algorithms as well."""
    first, again = subject.reference, subject.evaluate(subject.usual)
    if not again.equals(first):
        return failed(
            'new ones, given the same inputs after the same seed, differ: something is drawn from a generator of its '
            "own, or kept outside of them (draw from PyTorch's, NumPy's or Python's)"
        )
    try:
        with _deterministic():
            strict = subject.evaluate(subject.usual)
    except Broken as error:
        return noted(f'the same bits here, but not with torch.use_deterministic_algorithms: {error}')
    if not strict.equals(first):
        return noted('the same bits, but others with torch.use_deterministic_algorithms')
    if subject.draws_random_numbers:
        return noted('draws random numbers; the same bits after the same seed, which trainings set before each step')
    return passed('the same bits, with deterministic algorithms as well')


def inputs(subject: Subject) -> Outcome:
    """Whether it leaves what it is given as it is."""
    changed = [
        f'input {number}'
        for number, (before, after) in enumerate(zip(subject.usual, subject.reference.given, strict=True), 1)
        if not torch.equal(before, after)
    ]
    if changed:
        return failed(f'changes {" and ".join(changed)} in place, which whoever uses it next gets (clone it first)')
    return passed('stay as they are')


def _there(gradient: object) -> bool:
    return gradient is not None


@contextmanager
def _deterministic() -> Iterator[None]:
    before = torch.are_deterministic_algorithms_enabled(), torch.is_deterministic_algorithms_warn_only_enabled()
    torch.use_deterministic_algorithms(True)
    try:
        yield
    finally:
        torch.use_deterministic_algorithms(before[0], warn_only=before[1])
