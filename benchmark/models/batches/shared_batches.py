"""Batches that several processes share: together they see what one process would see, and each face once."""

from __future__ import annotations

from collections.abc import Iterator, Sized

from mmengine.dataset import DefaultSampler
from mmengine.dist import get_dist_info
from mmpose.registry import DATA_SAMPLERS
from torch.utils.data import BatchSampler


@DATA_SAMPLERS.register_module()
class WholeSampler(DefaultSampler):
    """MMEngine's ``DefaultSampler`` as a single process has it: every process gets all faces, in the same order.

    Args:
        dataset: the dataset.
        shuffle: whether seed and epoch shuffle it.
        seed: seed of the shuffling, the same in all processes; None for one that they agree on.
        round_up: as in ``DefaultSampler``; a single process has nothing to round.
    """

    def __init__(self, dataset: Sized, shuffle: bool = True, seed: int | None = None, round_up: bool = True) -> None:
        super().__init__(dataset, shuffle, seed, round_up)
        self.rank, self.world_size = 0, 1
        self.num_samples = self.total_size = len(dataset)


@DATA_SAMPLERS.register_module()
class SharedBatchSampler(BatchSampler):
    """Deals each batch of a single process out to all processes.

    Process r of N takes faces r, r + N, r + 2 N and so on of a batch, so that some may have one more than others. A
    batch of fewer faces than processes, which only the last one of an epoch can be, goes to every process as a whole:
    a network does not compute on nothing.

    Args:
        sampler: a sampler that is the same in all processes, such as :class:`WholeSampler`.
        batch_size: faces in a batch, over all processes; at least as many as there are processes.
        drop_last: whether the last batch is left out where it has fewer faces.
    """

    def __iter__(self) -> Iterator[list[int]]:
        rank, processes = get_dist_info()
        for batch in super().__iter__():
            yield batch if len(batch) < processes else batch[rank::processes]

    def faces(self, index: int) -> int:
        """Number of faces in the batch of an index, counted from 0 in each epoch, over all processes."""
        return min(self.batch_size, len(self.sampler) - index * self.batch_size)
