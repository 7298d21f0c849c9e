"""Whether values and gradients are finite, the gradient is that of the value, and half precision suffices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from benchmark.suite.contract.findings import Outcome, failed, passed, skipped
from benchmark.suite.contract.losses import Loss
from benchmark.suite.contract.subject import Broken, Evaluated, Inputs, Subject, distance

STEP = 1e-6
DIRECTIONS = 2
NEAR_DERIVATIVE = 1e-4
_INPUT = ''  # beside the names of parameters
NEAR_FLOAT32 = {torch.bfloat16: 0.1, torch.float16: 0.02}


def finite(subject: Subject) -> Outcome:
    """Whether values and gradients are finite in every case."""
    cases = subject.cases()
    found = {name: subject.evaluate(inputs) for name, inputs in cases.items()}
    faults = [f'{_what(one)} for {name}' for name, one in found.items() if not one.is_finite()]
    if faults:
        return failed(f'not finite: {"; ".join(faults)}')
    return passed(f'for {", ".join(cases)}')


def _what(found: Evaluated) -> str:
    value = found.outputs[0]
    if all(bool(one.isfinite().all()) for one in found.outputs):
        return 'gradient'
    return f'value ({value.item()})' if value.ndim == 0 else 'value'


def gradient(subject: Subject) -> Outcome:
    """Whether gradients of inputs and parameters are those of finite differences, in float64."""
    given = tuple(one.double() for one in subject.usual)
    try:
        at = subject.evaluate(given, subject.new().double())
    except Broken as error:
        return skipped(f'cannot be computed in float64: {error}')
    if at.outputs[0].dtype != torch.float64:
        return skipped(f'computes in {str(at.outputs[0].dtype).removeprefix("torch.")}')
    slopes = {name: one for name, one in at.parameters.items() if one is not None}
    largest = _deviation(subject, given, {_INPUT: at.gradient})
    if slopes:
        largest = max(largest, _deviation(subject, given, slopes))
    if not largest <= NEAR_DERIVATIVE:
        return failed(f'differs from finite differences by {largest:.2g} of its size (on purpose: --accept gradient)')
    return passed(f'that of finite differences in float64, to {largest:.1g}')


def _deviation(subject: Subject, given: Inputs, slopes: Mapping[str, Tensor]) -> float:
    """Largest difference of slopes along random directions from those of finite differences, relative."""
    generator = torch.Generator().manual_seed(0)
    largest = 0.0
    for _ in range(DIRECTIONS):
        directions = {
            name: torch.randn(one.shape, generator=generator, dtype=torch.float64) for name, one in slopes.items()
        }
        if _INPUT in directions:
            directions[_INPUT] *= given[0]  # heatmaps stay without negative values
        parts = torch.cat([(directions[name] * slope).flatten() for name, slope in slopes.items()])
        low, high = (_objective_at(subject, given, directions, step) for step in (-STEP, STEP))
        expected, found = (high - low) / (2 * STEP), parts.sum().item()
        size = max(parts.norm().item(), abs(expected))
        largest = max(largest, abs(found - expected) / size if size else 0.0)
    return largest


def _objective_at(subject: Subject, given: Inputs, directions: Mapping[str, Tensor], step: float) -> float:
    module = subject.new().double()
    with torch.no_grad():
        for name, one in module.named_parameters():
            if name in directions:
                one += step * directions[name]
    first = given[0] + step * directions[_INPUT] if _INPUT in directions else given[0]
    return subject.objective(subject.evaluate((first, *given[1:]), module).outputs).item()


def half_precision(subject: Subject) -> Outcome:
    """Whether autocast and, of a loss, half inputs are finite and near float32."""
    seen = []
    for name, found, expected, near in _halves(subject):
        if not found.is_finite():
            return failed(f'not finite: {name}')
        pairs = zip((*found.outputs, found.gradient), (*expected.outputs, expected.gradient), strict=True)
        largest = max(distance(*pair) for pair in pairs)
        if not largest <= near:
            return failed(f'{name}: differs from float32 by {largest:.2g} of its size (allowed: {near:g})')
        seen.append(f'{name} {largest:.1g}')
    return passed(f'difference from float32, relative: {", ".join(seen)}')


def _halves(subject: Subject) -> Iterator[tuple[str, Evaluated, Evaluated, float]]:
    for dtype, near in NEAR_FLOAT32.items():
        name = str(dtype).removeprefix('torch.')
        try:
            context = torch.autocast('cpu', dtype=dtype)
            yield f'autocast {name}', subject.evaluate(subject.usual, context=context), subject.reference, near
            if isinstance(subject, Loss):
                halves = tuple(one.to(dtype) for one in subject.usual)
                expected = subject.evaluate(tuple(one.float() for one in halves))
                yield f'inputs of {name}', subject.evaluate(halves), expected, near
        except Broken as error:
            raise Broken(f'{name}: {error}') from error
