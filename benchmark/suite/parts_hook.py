"""The parts of a training: what each process that trained some of it was, kept in the checkpoint."""

from __future__ import annotations

from mmengine.hooks import Hook

from benchmark.records.parts import Environment, Part
from benchmark.suite.environment import arithmetic, peak_memory_mib


class PartsHook(Hook):
    """Keeps environment and peak memory of each process that trained epochs of what becomes the result.

    Epochs that a killed process trained after its last checkpoint belong to the process that trains them again. Their
    seconds are in the curve.

    Args:
        environment: of this process.
        device: 'cpu' or 'cuda'.
    """

    def __init__(self, environment: Environment, device: str) -> None:
        self.environment = environment
        self.device = device
        self._earlier: list[Part] = []

    def after_load_checkpoint(self, runner, checkpoint: dict) -> None:
        """Take over the parts that came before; weights to start from bring none."""
        if not runner._resume:
            return
        self._earlier = [Part.model_validate(part) for part in checkpoint.get('parts', ())]
        done = checkpoint['meta']['epoch']
        if not self._earlier and done:  # written before checkpoints had parts
            self._earlier = [Part(first_epoch=1, last_epoch=done, environment=None, peak_memory_mib=None)]

    def before_save_checkpoint(self, runner, checkpoint: dict) -> None:
        """Store the parts, with this one so far."""
        parts = self.until(checkpoint['meta']['epoch'])
        checkpoint['parts'] = [part.model_dump(mode='json') for part in parts]

    def until(self, epoch: int) -> tuple[Part, ...]:
        """The parts, that of this process last.

        Args:
            epoch: number of epochs that are done, at least as many as before this process.
        """
        first = self._earlier[-1].last_epoch + 1 if self._earlier else 1
        if first > epoch:
            return tuple(self._earlier)
        environment, peak = self.environment.model_copy(update=arithmetic(self.device)), peak_memory_mib(self.device)
        own = Part(first_epoch=first, last_epoch=epoch, environment=environment, peak_memory_mib=peak)
        return (*self._earlier, own)

    def recorded(self, epochs: int) -> tuple[Part, ...]:
        """What a record says of a training of so many epochs: nothing where this process has trained all of them."""
        return self.until(epochs) if self._earlier else ()
