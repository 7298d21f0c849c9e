from __future__ import annotations

import pytest
from mmengine.dataset import DefaultSampler
from torch.utils.data import BatchSampler

from benchmark.models import SharedBatchSampler, WholeSampler


def shares(monkeypatch, faces, batch_size, processes, drop_last=False, epoch=0):
    """Batches of each process, and the sampler of the last of them."""
    dealt = []
    for rank in range(processes):
        for module in ('mmengine.dataset.sampler', 'benchmark.models.batches.shared_batches'):
            monkeypatch.setattr(f'{module}.get_dist_info', lambda rank=rank: (rank, processes))
        sampler = WholeSampler(range(faces), seed=3)
        sampler.set_epoch(epoch)
        batches = SharedBatchSampler(sampler, batch_size, drop_last)
        dealt.append(list(batches))
        assert len(batches) == len(dealt[-1])
    return dealt, batches


def whole(faces, batch_size, drop_last, epoch):
    """Batches of a single process, as MMEngine and PyTorch make them."""
    sampler = DefaultSampler(range(faces), seed=3)
    sampler.set_epoch(epoch)
    return list(BatchSampler(sampler, batch_size, drop_last))


@pytest.mark.parametrize('drop_last', [False, True])
@pytest.mark.parametrize('epoch', [0, 5])
@pytest.mark.parametrize(
    ('faces', 'batch_size', 'processes'),
    [(3148, 16, 8), (3148, 32, 8), (1345, 32, 2), (41, 7, 3), (9, 4, 4), (5, 5, 1)],
)
def test_processes_see_the_batches_of_one(monkeypatch, faces, batch_size, processes, drop_last, epoch):
    expected = whole(faces, batch_size, drop_last, epoch)
    dealt, batches = shares(monkeypatch, faces, batch_size, processes, drop_last, epoch)
    assert {len(own) for own in dealt} == {len(expected)}
    for index, batch in enumerate(expected):
        parts = [own[index] for own in dealt]
        assert batches.faces(index) == len(batch)
        if len(batch) < processes:
            assert parts == [batch] * processes
            continue
        together = [parts[place % processes][place // processes] for place in range(len(batch))]
        assert together == batch
        assert sum(map(len, parts)) == len(batch)
        assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_without_shuffling_the_order_is_that_of_the_dataset(monkeypatch):
    monkeypatch.setattr('benchmark.models.batches.shared_batches.get_dist_info', lambda: (1, 2))
    batches = SharedBatchSampler(WholeSampler(range(7), shuffle=False, seed=0), 4, False)
    assert list(batches) == [[1, 3], [5]]
