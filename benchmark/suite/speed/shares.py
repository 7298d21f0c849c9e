"""Which parts of a training its time goes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

from benchmark.suite.face_runner import FaceRunner

PARTS = ('loading', 'augmentation', 'network', 'targets and losses', 'gradients', 'optimizer', 'hooks')
LOADING, AUGMENTATION, NETWORK, LOSSES, GRADIENTS, OPTIMIZER, HOOKS = PARTS


class PartClock:
    """Adds up the time of parts; one that is inside another is not counted in that one.

    Args:
        clock: returns seconds, once the device has done what it was told to.

    Attributes:
        seconds: of each part so far.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._running: list[str] = []
        self._since = 0.0
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Count what is done inside as this part."""
        self._count()
        self._running.append(name)
        try:
            yield
        finally:
            self._count()
            self._running.pop()

    @contextmanager
    def method(self, owner: object, method: str, name: str) -> Iterator[None]:
        """Count all calls of a method of one object as a part, as long as this context lasts."""
        original, own = getattr(owner, method), vars(owner).get(method)

        def counted(*arguments, **options):
            with self.part(name):
                return original(*arguments, **options)

        setattr(owner, method, counted)
        try:
            yield
        finally:
            if own is None:
                delattr(owner, method)
            else:
                setattr(owner, method, own)

    def _count(self) -> None:
        now = self._clock()
        if self._running:
            name = self._running[-1]
            self.seconds[name] = self.seconds.get(name, 0.0) + now - self._since
        self._since = now


def shares_of_epoch(runner: FaceRunner, clock: Callable[[], float]) -> dict[str, float]:
    """Train an epoch and tell what its time goes to.

    Args:
        runner: from :func:`benchmark.suite.speed.runners.prepared_runner`.
        clock: returns seconds, once the device has done what it was told to.

    Returns:
        Fractions of the time, whose sum is 1, of

        - ``loading``: waiting for batches;
        - ``augmentation``: all that makes the network's input of a batch, with its way to the device;
        - ``network``: its forward pass;
        - ``targets and losses``;
        - ``gradients``: the backward pass;
        - ``optimizer``: its step;
        - ``hooks``: averages of weights, seeds, schedule, log.
    """
    model, optimization = runner.model, runner.optim_wrapper
    parts = PartClock(clock)
    parts.seconds = dict.fromkeys(PARTS, 0.0)
    with ExitStack() as stack:
        for owner, method, name in (
            (runner, 'call_hook', HOOKS),
            (model, 'train_step', LOSSES),
            (model.data_preprocessor, 'forward', AUGMENTATION),
            (model, 'extract_feat', NETWORK),
            (model.head, 'forward', NETWORK),
            (optimization, 'backward', GRADIENTS),
            (optimization, 'step', OPTIMIZER),
            (optimization, 'zero_grad', OPTIMIZER),
        ):
            stack.enter_context(parts.method(owner, method, name))
        with parts.part(LOADING):
            runner.train_loop.run_epoch()
    whole = sum(parts.seconds.values())
    return {name: seconds / whole for name, seconds in parts.seconds.items()}
