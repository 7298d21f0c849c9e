"""Whether a component goes on from a checkpoint as if nothing had happened, and can be copied."""

from __future__ import annotations

import copy
import io
import pickle
from collections.abc import Iterable

import torch
from torch import nn

from benchmark.suite.contract.findings import Outcome, failed, noted, passed
from benchmark.suite.contract.subject import Broken, Evaluated, Subject

STEPS = 4
BREAK = 2
RATE = 0.01


def continuation(subject: Subject) -> Outcome:
    """Whether a training that goes on from a checkpoint has the bits of one that was not interrupted."""
    whole = _train(subject, subject.new(), range(STEPS))
    module = subject.new()
    _train(subject, module, range(BREAK))
    # Made with another seed: what is neither a parameter nor in the state would differ.
    resumed = subject.new(seed=1)
    with subject.heeded():
        mismatch = _restore(resumed, module)
    later = _train(subject, resumed, range(BREAK, STEPS))
    for step, (one, expected) in enumerate(zip(later, whole[BREAK:], strict=True), BREAK + 1):
        if not one.equals(expected):
            lost = f': {mismatch}' if mismatch else ' (register what it keeps as buffers)'
            return failed(f'saved after step {BREAK} and loaded, step {step} gives other numbers{lost}')
    names = module.state_dict()
    return passed(f'{STEPS} steps, interrupted after {BREAK}: the same bits; {len(names) or "no"} tensors in its state')


def _train(subject: Subject, module: nn.Module, steps: Iterable[int]) -> list[Evaluated]:
    """Steps on batches and seeds of their own, as trainings here make them, with a plain optimizer."""
    made = []
    for step in steps:
        made.append(subject.evaluate(subject.batch(10 + step), module, seed=step))
        with torch.no_grad():
            for name, parameter in module.named_parameters():
                slope = made[-1].parameters.get(name)
                if slope is not None:
                    parameter -= RATE * slope
    return made


def _restore(module: nn.Module, saved: nn.Module) -> str:
    """Give a module the state of another through a file, as MMEngine does; returns what did not fit."""
    file = io.BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    # What MMEngine loads may be more than tensors, too; it comes from this process.
    keys = module.load_state_dict(torch.load(file, weights_only=False), strict=False)
    parts = {'not taken': keys.unexpected_keys, 'not saved': keys.missing_keys}
    return '; '.join(f'{what}: {", ".join(names)}' for what, names in parts.items() if names)


def copies(subject: Subject) -> Outcome:
    """Whether a deep copy, which averages of weights begin with, and a pickled one are the same."""
    with subject.heeded():
        copied = copy.deepcopy(subject.new())
    if not subject.evaluate(subject.usual, copied).equals(subject.reference):
        return failed('a deep copy gives other numbers')
    try:
        with subject.heeded():
            pickled = pickle.loads(pickle.dumps(subject.new()))
    except Broken as error:
        return noted(f'a deep copy is the same; it cannot be pickled for another process: {error}')
    if not subject.evaluate(subject.usual, pickled).equals(subject.reference):
        return noted('a deep copy is the same; a pickled one gives other numbers')
    return passed('a deep copy and a pickled one give the same bits')
