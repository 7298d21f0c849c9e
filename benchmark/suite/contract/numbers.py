"""Whether values and gradients are finite, the gradient is that of the value, and half precision suffices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from benchmark.suite.contract.findings import Outcome, failed, noted, passed, skipped
from benchmark.suite.contract.losses import Loss
from benchmark.suite.contract.subject import Broken, Evaluated, Inputs, Subject, distance

STEP = 1e-6
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
        at = subject.evaluate(given, subject.compared().double())
    except Broken as error:
        return skipped(f'cannot be computed in float64: {error}')
    if at.outputs[0].dtype != torch.float64 or torch.equal(at.gradient.float().double(), at.gradient):
        return skipped('computes in float32, too coarse for finite differences')
    of_inputs = _deviation(subject, given, {_INPUT: at.gradient})
    slopes = {name: one for name, one in at.parameters.items() if one is not None}
    largest = max(of_inputs, _deviation(subject, given, slopes)) if slopes else of_inputs
    if not largest <= subject.near_derivative:
        return failed(f'differs from finite differences by {largest:.2g} of its size (on purpose: --accept gradient)')
    return passed(f'that of finite differences in float64, to {largest:.1g}')


def _deviation(subject: Subject, given: Inputs, slopes: Mapping[str, Tensor]) -> float:
    """Difference of slopes along a random direction from that of finite differences, relative."""
    generator = torch.Generator().manual_seed(0)
    directions = {name: torch.randn(one.shape, generator=generator).double() for name, one in slopes.items()}
    if _INPUT in directions:
        directions[_INPUT] *= given[0]  # heatmaps stay without negative values
    length = torch.cat([one.flatten() for one in directions.values()]).norm()
    directions = {name: one / length for name, one in directions.items()}
    parts = torch.cat([(directions[name] * slope).flatten() for name, slope in slopes.items()])
    low, high = (_objective_at(subject, given, directions, step) for step in (-STEP, STEP))
    expected, found = (high - low) / (2 * STEP), parts.sum().item()
    size = max(parts.norm().item(), abs(expected))
    return abs(found - expected) / size if size else 0.0


@torch.no_grad()
def _objective_at(subject: Subject, given: Inputs, directions: Mapping[str, Tensor], step: float) -> float:
    module = subject.compared().double()
    for name, one in module.named_parameters():
        if name in directions:
            one += step * directions[name]
    first = given[0] + step * directions[_INPUT] if _INPUT in directions else given[0]
    return subject.objective(subject.forward(module, (first, *given[1:]))).item()


def half_precision(subject: Subject) -> Outcome:
    """Whether autocast and, of a loss, half inputs are finite and near float32.

    That features of a backbone with random weights are not near is a fact alone, and their gradients are not compared.
    """
    is_loss = isinstance(subject, Loss)
    seen, far = [], []
    for name, found, expected, near in _halves(subject):
        if not found.is_finite():
            return failed(f'{name}: values or gradients are not finite')
        largest = max(map(distance, found.outputs, expected.outputs))
        if is_loss:
            largest = max(largest, distance(found.gradient, expected.gradient))
        seen.append(f'{name} {largest:.1g}')
        if not largest <= near:
            far.append(f'{name} by {largest:.2g} of its size (allowed: {near:g})')
    if far:
        return (failed if is_loss else noted)(f'differs from float32 under {", ".join(far)}')
    return passed(f'difference from float32, relative: {", ".join(seen)}')


def _halves(subject: Subject) -> Iterator[tuple[str, Evaluated, Evaluated, float]]:
    whole = subject.evaluate(subject.usual, subject.compared())
    for dtype, near in NEAR_FLOAT32.items():
        name = _name(dtype)
        try:
            autocast = subject.evaluate(subject.usual, subject.compared(), context=torch.autocast('cpu', dtype))
            yield f'autocast {name}', autocast, whole, near
            if isinstance(subject, Loss):
                halves = tuple(one.to(dtype) for one in subject.usual)
                expected = subject.evaluate(tuple(one.float() for one in halves))
                yield f'inputs of {name}', subject.evaluate(halves), expected, near
        except Broken as error:
            raise Broken(f'{name}: {error}') from error


def _name(dtype: torch.dtype) -> str:
    return str(dtype).removeprefix('torch.')
