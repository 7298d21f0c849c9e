from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from mmengine.structures import InstanceData
from mmpose.registry import MODELS
from mmpose.structures import PoseDataSample

from benchmark.models import FaceAugmentation, GatheredAugmentation, OfficialFaceAugmentation

KINDS = {'FaceAugmentation': FaceAugmentation, 'OfficialFaceAugmentation': OfficialFaceAugmentation}
PROCESSES = 2


def make_batch(rank=0, processes=1, faces=8):
    """Every ``processes``-th of some crops, as :class:`SharedBatchSampler` deals them out."""
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (8, 3, 24, 24), dtype=torch.uint8, generator=generator)
    keypoints = torch.rand(8, 1, 4, 2, generator=generator) * 24
    samples = []
    for points in keypoints[:faces][rank::processes]:
        sample = PoseDataSample(metainfo={'flip_indices': np.array([1, 0, 2, 3])})
        sample.gt_instances = InstanceData(keypoints=points)
        samples.append(sample)
    return {'inputs': images[:faces][rank::processes], 'data_samples': samples}


def augment(module, data):
    torch.manual_seed(5)
    result = module(data)
    return result['inputs'], torch.cat([s.gt_instance_labels.keypoint_labels for s in result['data_samples']])


def augment_share(rank, folder):
    """What one process does; its results go to a file."""
    torch.set_num_threads(1)
    dist.init_process_group('gloo', init_method=f'file://{folder}/store', rank=rank, world_size=PROCESSES)
    results = {}
    for kind, factory in KINDS.items():
        module = GatheredAugmentation({'type': kind, 'input_size': (16, 16), 'crop_margin': 1.5})
        for form in ('tensor', 'list', 'channels_last'):
            data = make_batch(rank, PROCESSES)
            if form == 'list':
                data['inputs'] = list(data['inputs'])
            elif form == 'channels_last':
                data['inputs'] = data['inputs'].contiguous(memory_format=torch.channels_last)
            results[kind, form] = augment(module, data)
        for faces in (7, 1):
            module.faces = faces
            share = (rank, PROCESSES) if faces >= PROCESSES else (0, 1)
            results[kind, faces] = augment(module, make_batch(*share, faces))
        results[kind, 'apart'] = augment(factory((16, 16), 1.5), make_batch(rank, PROCESSES))
    torch.save(results, f'{folder}/{rank}.pt')
    dist.destroy_process_group()


@pytest.fixture(scope='module')
def shares(tmp_path_factory):
    folder = tmp_path_factory.mktemp('processes')
    # Forked, so that they need not import everything again; nothing here takes a gradient, which would forbid it.
    mp.start_processes(augment_share, (str(folder),), nprocs=PROCESSES, start_method='fork')
    return [torch.load(folder / f'{rank}.pt') for rank in range(PROCESSES)]


@pytest.mark.parametrize('form', ['tensor', 'list', 'channels_last'])
@pytest.mark.parametrize('kind', KINDS)
def test_processes_that_share_a_batch_augment_it_as_one_process_does(shares, kind, form):
    inputs, labels = augment(KINDS[kind]((16, 16), 1.5), make_batch())
    for rank, share in enumerate(shares):
        assert torch.equal(share[kind, form][0], inputs[rank::PROCESSES])
        assert torch.equal(share[kind, form][1], labels[rank::PROCESSES])


@pytest.mark.parametrize('kind', KINDS)
def test_shares_of_different_sizes_are_augmented_as_one_batch(shares, kind):
    inputs, labels = augment(KINDS[kind]((16, 16), 1.5), make_batch(faces=7))
    for rank, share in enumerate(shares):
        assert torch.equal(share[kind, 7][0], inputs[rank::PROCESSES])
        assert torch.equal(share[kind, 7][1], labels[rank::PROCESSES])


@pytest.mark.parametrize('kind', KINDS)
def test_a_batch_of_fewer_faces_than_processes_is_augmented_by_each(shares, kind):
    expected = augment(KINDS[kind]((16, 16), 1.5), make_batch(faces=1))
    for share in shares:
        assert torch.equal(share[kind, 1][0], expected[0])
        assert torch.equal(share[kind, 1][1], expected[1])


@pytest.mark.parametrize('kind', KINDS)
def test_without_gathering_processes_would_draw_otherwise(shares, kind):
    inputs, _ = augment(KINDS[kind]((16, 16), 1.5), make_batch())
    assert not torch.equal(shares[1][kind, 'apart'][0], inputs[1::PROCESSES])


def test_one_process_alone_augments_as_without_gathering():
    gathered = MODELS.build(
        {
            'type': 'GatheredAugmentation',
            'augmentation': {'type': 'FaceAugmentation', 'input_size': (16, 16), 'crop_margin': 1.5},
        }
    )
    data = make_batch()
    kept = [(sample, sample.gt_instances.keypoints.clone()) for sample in data['data_samples']]
    inputs, labels = augment(gathered, data)
    expected = augment(FaceAugmentation((16, 16), 1.5), make_batch())
    assert torch.equal(inputs, expected[0])
    assert torch.equal(labels, expected[1])
    for sample, (same, points) in zip(data['data_samples'], kept, strict=True):
        assert sample is same
        assert torch.equal(sample.gt_instances.keypoints, points)
