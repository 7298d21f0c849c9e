"""What trainings on a GPU do otherwise, done on a CPU where its numbers can be compared."""

from __future__ import annotations

import pytest
import torch
from mmengine.config import Config
from mmengine.registry import DefaultScope
from mmpose.registry import DATASETS, MODELS

from benchmark.errors import BenchmarkError
from benchmark.models.batches.face_dataset import collate_crops
from benchmark.models.batches.faces_on_device import FacesOnDevice
from benchmark.suite import face_runner
from benchmark.suite.experiments import load_experiment
from benchmark.suite.face_runner import FaceRunner, runtime_config
from benchmark.suite.gpu import arrange, fuse_optimizer, keep_crops_there, whole_float32
from benchmark.suite.progress_hook import ProgressHook
from benchmark.suite.speed.faces import draw_faces, use_faces
from benchmark.suite.training import train

FACES = 'synthetic-68'
OFFICIAL = 'td-softargmax_hg1w32-attn-star_16b-40e_300w-128x128'


@pytest.fixture(scope='module')
def faces(tmp_path_factory):
    folder = tmp_path_factory.mktemp('faces')
    draw_faces(FACES, 10, folder)
    return folder


@pytest.fixture
def config(root):
    """The small official recipe on a few faces, the last batch of which is shorter."""
    config = load_experiment(root / 'mmpose_configs' / '300w' / f'{OFFICIAL}.py').config
    use_faces(config, FACES)
    config.merge_from_dict({'train_cfg.max_epochs': 2, 'train_cfg.val_interval': 0, 'train_dataloader.batch_size': 4})
    config.model.backbone.channels = 8
    return config


@pytest.fixture
def loader(config, faces):
    return {**config.train_dataloader.to_dict(), 'dataset': {**config.train_dataloader.dataset, 'data_root': faces}}


def curve(config, faces, work):
    progress = ProgressHook(lambda message: None)
    with DefaultScope.overwrite_default_scope('mmpose'):
        train(runtime_config(config, 0, faces, work), work, None, [progress])
    return [epoch['loss'] for epoch in progress.curve]


def test_crops_that_lie_on_the_device_train_to_the_same_bits(config, faces, tmp_path, monkeypatch):
    usual = curve(config, faces, tmp_path / 'usual')
    monkeypatch.setattr(FaceRunner, 'on_gpu', True)
    monkeypatch.setattr(face_runner, 'free_bytes', lambda: 2**40)
    monkeypatch.setattr(FacesOnDevice, 'pick', counted := Counted(FacesOnDevice.pick))
    assert curve(config, faces, tmp_path / 'there') == usual
    assert counted.faces == 2 * 10


class Counted:
    """Counts the faces that are picked."""

    def __init__(self, pick):
        self.pick, self.faces = pick, 0

    def __get__(self, owner, kind):
        def picked(numbers):
            self.faces += len(numbers)
            return self.pick(owner, numbers)

        return picked


def test_picked_batch_is_the_loaded_one(loader):
    with DefaultScope.overwrite_default_scope('mmpose'):
        dataset = DATASETS.build(loader['dataset'])
    order = [3, 0, 9]
    loaded = collate_crops([dataset[index] for index in order])
    dataset.by_number = True
    numbers = collate_crops([dataset[index] for index in order])
    picked = FacesOnDevice(dataset, torch.device('cpu')).pick(numbers['inputs'])
    assert torch.equal(picked['inputs'], loaded['inputs'])
    assert picked['inputs'].stride() == loaded['inputs'].stride()
    assert torch.equal(
        picked['keypoints'], torch.cat([sample.gt_instances.keypoints for sample in loaded['data_samples']])
    )
    assert [sample.id for sample in numbers['data_samples']] == order


@pytest.mark.parametrize(('times_the_store', 'there'), [(9.9, False), (10.1, True)])
def test_crops_leave_nine_tenths_of_the_memory_to_the_network(loader, times_the_store, there):
    with DefaultScope.overwrite_default_scope('mmpose'):
        found = keep_crops_there(loader, int(times_the_store * 10 * 256 * 256 * 3))
    assert found['dataset'].by_number is there
    assert (found['num_workers'], found['pin_memory']) == ((0, True) if there else (0, False))


def test_photographs_are_loaded_as_ever(root, faces):
    path = root / 'mmpose_configs' / '300w' / 'td-hm_hrnet-w8-mse_16b-40e_300w-128x128.py'
    loader = load_experiment(path).config.train_dataloader.to_dict()
    assert keep_crops_there(loader, 2**40) is loader


def test_whole_float32_lasts_as_long_as_its_context():
    flags = torch.backends.cudnn, torch.backends.cuda.matmul
    before = [one.allow_tf32 for one in flags]
    with pytest.raises(ZeroDivisionError), whole_float32():
        assert [one.allow_tf32 for one in flags] == [False, False]
        raise ZeroDivisionError
    assert [one.allow_tf32 for one in flags] == before
    assert before[0], 'convolutions of trainings are rounded, or this test shows nothing'


def test_weights_are_laid_out_as_images_are_and_keep_their_values(root):
    config = load_experiment(
        root / 'mmpose_configs/300w/td-softargmax_res18w16-fpn-star_16b-80e_300w-128x128.py'
    ).config
    with DefaultScope.overwrite_default_scope('mmpose'):
        model = MODELS.build(config.model)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    arrange(model)
    assert model.backbone.conv1.weight.is_contiguous(memory_format=torch.channels_last)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())


@pytest.mark.parametrize(
    ('given', 'fused'),
    [
        ({'type': 'Adam', 'lr': 0.1}, True),
        ({'type': torch.optim.Adam, 'lr': 0.1}, True),
        ({'type': 'Adam', 'lr': 0.1, 'fused': False}, False),
        ({'type': 'Adam', 'lr': 0.1, 'foreach': True}, None),
        ({'type': 'Adadelta', 'lr': 0.1}, None),
    ],
)
def test_optimizer_is_fused_unless_its_configuration_says_how(given, fused):
    config = Config({'optim_wrapper': {'optimizer': given}})
    fuse_optimizer(config)
    assert config.optim_wrapper.optimizer.get('fused') is fused


def test_recording_is_refused_where_gradients_are_added_up(config, faces, tmp_path, monkeypatch):
    monkeypatch.setattr(FaceRunner, 'on_gpu', True)
    config.merge_from_dict({'cuda_graphs': True, 'optim_wrapper.accumulative_counts': 2})
    with pytest.raises(BenchmarkError, match=rf'{OFFICIAL}.py: cuda_graphs: not with accumulative_counts'):
        curve(config, faces, tmp_path)
