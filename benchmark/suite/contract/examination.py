"""All checks of a component, in order."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

from benchmark.suite.contract import CHECKS
from benchmark.suite.contract.backbones import independence, unused
from benchmark.suite.contract.basics import call, inputs, repeatable
from benchmark.suite.contract.findings import Outcome, failed, noted, skipped
from benchmark.suite.contract.losses import Loss
from benchmark.suite.contract.meaning import batch_size, image_order, landmark_order, masks, mirroring, truth
from benchmark.suite.contract.numbers import finite, gradient, half_precision
from benchmark.suite.contract.relative_speed import speed
from benchmark.suite.contract.states import continuation, copies
from benchmark.suite.contract.subject import Broken, Subject
from benchmark.suite.speed.timing import single_thread

_OF_ALL: Mapping[str, Callable[[Subject], Outcome]] = {
    'call': call,
    'repeatable': repeatable,
    'finite': finite,
    'gradient': gradient,
    'half-precision': half_precision,
    'inputs': inputs,
    'continuation': continuation,
    'copies': copies,
}
_OF_LOSSES: Mapping[str, Callable[[Loss], Outcome]] = {
    'truth': truth,
    'mirroring': mirroring,
    'image-order': image_order,
    'landmark-order': landmark_order,
    'batch-size': batch_size,
    'masks': masks,
    'speed': speed,
}
_OF_BACKBONES = {'independence': independence, 'unused': unused}
# Without these, others would fail for the same reason.
_NEEDED = ('call', 'repeatable')


def examine(subject: Subject, accepted: Collection[str] = ()) -> dict[str, Outcome]:
    """Hold a component to its contract.

    Args:
        subject: the component.
        accepted: checks that may fail: they then have a note.

    Returns:
        What each check found, in the order of :data:`benchmark.suite.contract.CHECKS`.
    """
    checks = {**_OF_ALL, **(_OF_LOSSES if isinstance(subject, Loss) else _OF_BACKBONES)}
    found: dict[str, Outcome] = {}
    with single_thread():  # as a training on a CPU
        for name in (name for name in CHECKS if name in checks):
            blocking = [needed for needed in _NEEDED if needed in found and found[needed].verdict == 'fail']
            outcome = skipped(f'{blocking[0]} failed') if blocking else _run(checks[name], subject)
            if outcome.verdict == 'fail' and name in accepted:
                outcome = noted(f'accepted: {outcome.text}')
            found[name] = outcome
    return found


def _run(check: Callable[[Subject], Outcome], subject: Subject) -> Outcome:
    try:
        return check(subject)
    except Broken as error:
        return failed(str(error))
