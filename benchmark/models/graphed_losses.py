"""Network and losses, forward and backward, as CUDA graphs: one launch each instead of thousands."""

from __future__ import annotations

import warnings
from contextlib import AbstractContextManager, nullcontext

import torch
from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor, nn

BEFORE = 3  # batches that are computed as usual before graphs are recorded, while kernels are chosen and compiled


class GraphedLosses:
    """Takes the place of an estimator's ``loss`` on a GPU, with the same numbers.

    Augmentation and targets are computed as usual, and so are batches of another shape than the first, as the last one
    of an epoch may be. What is recorded is replayed on memory of its own: weights have to stay where they are, as
    optimizers and averages leave them, and gradients are for one step: they cannot be added up over batches. Where
    recording fails, everything is computed as usual, and it is said why.

    Args:
        estimator: with a head that has ``targets`` and ``compare``, such as :class:`SoftArgmaxHead` and
            :class:`StackedHourglassHead`.

    Attributes:
        failure: why recording failed, in one line; None where it has not.

    Raises:
        ValueError: its head has not.
    """

    failure: str | None = None

    def __init__(self, estimator: TopdownPoseEstimator) -> None:
        if not (hasattr(estimator.head, 'targets') and hasattr(estimator.head, 'compare')):
            raise ValueError(f'cuda_graphs: {type(estimator.head).__name__} has no targets apart from its losses')
        self._parts = _NetworkAndLosses(estimator)
        self._shapes: list[torch.Size] | None = None
        self._batches = 0
        self._recorded = False

    def __call__(self, inputs: Tensor, data_samples: list) -> dict[str, Tensor]:
        """Losses of a batch, as ``TopdownPoseEstimator.loss`` gives them."""
        given = inputs, *self._parts.estimator.head.targets(data_samples)
        shapes = [one.shape for one in given]
        self._shapes = self._shapes or shapes
        if shapes != self._shapes:
            return self._parts.usual(*given)
        self._batches += 1
        if self._batches == BEFORE + 1:
            self._recorded = self._record(given)
        if not self._recorded:
            return self._parts.usual(*given)
        return dict(zip(self._parts.names, self._parts(*given).unbind(), strict=True))

    def _record(self, given: tuple[Tensor, ...]) -> bool:
        statistics = {name: buffer.clone() for name, buffer in self._parts.named_buffers()}
        device = given[0].device.type
        autocast = torch.autocast(
            device,
            dtype=torch.get_autocast_dtype(device),
            enabled=torch.is_autocast_enabled(device),
            cache_enabled=False,
        )
        try:
            with autocast, _stream_kept():
                copies = tuple(one.clone() for one in given)
                torch.cuda.make_graphed_callables(self._parts, copies, allow_unused_input=True)
        except RuntimeError as error:
            self.failure = str(error).partition('\n')[0]
            warnings.warn(f'cuda_graphs: computed without, because recording failed: {self.failure}', stacklevel=2)
            return False
        finally:
            # Recording computes the batch several times, and batch normalization would count each.
            for name, buffer in self._parts.named_buffers():
                buffer.copy_(statistics[name])
        return True


def _stream_kept() -> AbstractContextManager:
    """Puts the stream back that a failed recording leaves exchanged."""
    return torch.cuda.stream(torch.cuda.current_stream()) if torch.cuda.is_available() else nullcontext()


class _NetworkAndLosses(nn.Module):
    """From images and targets to all losses: tensors go in, and one tensor comes out."""

    def __init__(self, estimator: TopdownPoseEstimator) -> None:
        super().__init__()
        self.estimator = estimator
        self.names: tuple[str, ...] = ()

    def usual(self, images: Tensor, *targets: Tensor) -> dict[str, Tensor]:
        losses = self.estimator.head.compare(self.estimator.extract_feat(images), *targets)
        self.names = tuple(losses)
        return losses

    def forward(self, images: Tensor, *targets: Tensor) -> Tensor:
        return torch.stack(list(self.usual(images, *targets).values()))
