from __future__ import annotations

import pytest
import torch
from mmengine.dataset import pseudo_collate
from mmpose.structures import PoseDataSample
from torch.utils.data import DataLoader, Dataset

from benchmark.suite import kept_batches
from benchmark.suite.kept_batches import KeptBatches


class Photographs(Dataset):
    """Images that are counted when they are read."""

    def __init__(self):
        self.read = 0

    def __len__(self):
        return 5

    def __getitem__(self, index):
        self.read += 1
        image = torch.full((3, 4, 4), index, dtype=torch.uint8)
        return {'inputs': image, 'data_samples': PoseDataSample(metainfo={'id': index})}


@pytest.fixture
def photographs():
    return Photographs()


@pytest.fixture
def kept(photographs):
    return KeptBatches(DataLoader(photographs, batch_size=2, collate_fn=pseudo_collate))


def contents(batches):
    return [
        (int(image.flatten()[0]), sample.id)
        for batch in batches
        for image, sample in zip(batch['inputs'], batch['data_samples'], strict=True)
    ]


def test_images_are_read_once_and_come_out_the_same(kept, photographs):
    expected = [(index, index) for index in range(5)]
    assert [contents(kept) for _ in range(3)] == [expected] * 3
    assert photographs.read == 5
    assert len(kept) == 3
    assert kept.dataset is photographs


def test_shared_memory_of_loading_processes_is_given_back(photographs):
    kept = KeptBatches(DataLoader(photographs, batch_size=2, num_workers=1, collate_fn=pseudo_collate))
    shared = [[image.is_shared() for batch in kept for image in batch['inputs']] for _ in range(2)]
    assert shared == [[True] * 5, [False] * 5]


def test_what_is_done_to_samples_is_forgotten(kept):
    for _ in range(2):
        for batch in kept:
            for sample in batch['data_samples']:
                assert 'seen' not in sample
                sample.set_field(True, 'seen', field_type='metainfo')


def test_iteration_that_ends_early_keeps_nothing(kept, photographs):
    next(iter(kept))
    assert contents(kept) == [(index, index) for index in range(5)]
    assert photographs.read == 2 + 5


def test_more_than_memory_should_hold_is_read_anew(kept, photographs, monkeypatch):
    monkeypatch.setattr(kept_batches, 'LARGEST', 3 * 48)
    assert [contents(kept) for _ in range(2)] == [[(index, index) for index in range(5)]] * 2
    assert photographs.read == 10
