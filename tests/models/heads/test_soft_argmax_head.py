from __future__ import annotations

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from mmpose.registry import MODELS

from benchmark.models import SoftArgmaxHead
from benchmark.models.heads.soft_argmax_head import SMOOTH_L1

NUM_LANDMARKS = 5
FLIP_INDICES = [1, 0, 2, 4, 3]
HRNET_W18 = {
    f'stage{stage}': {
        'num_modules': modules,
        'num_branches': len(channels),
        'block': 'BASIC' if stage > 1 else 'BOTTLENECK',
        'num_blocks': (4,) * len(channels),
        'num_channels': channels,
    }
    for stage, modules, channels in ((1, 1, (64,)), (2, 1, (18, 36)), (3, 4, (18, 36, 72)), (4, 3, (18, 36, 72, 144)))
}
HRNET_W18['stage4']['multiscale_output'] = True
HRNET_W18['upsample'] = {'mode': 'bilinear', 'align_corners': False}
SMALL_RESNET = {'type': 'ResNet', 'depth': 18, 'base_channels': 8, 'stem_channels': 8}
# backbone, neck, options of the head, side of the heatmaps for an input of 64 pixels
NETWORKS = {
    'ResNet': (SMALL_RESNET, None, {'in_channels': 64}, 2),
    'ResNet with deconvolutions': (
        SMALL_RESNET,
        None,
        {'in_channels': 64, 'deconv_out_channels': (8, 8, 8), 'deconv_kernel_sizes': (4, 4, 4)},
        16,
    ),
    'ResNet with pyramid': (
        {**SMALL_RESNET, 'out_indices': (0, 1, 2, 3)},
        {'type': 'FPN', 'in_channels': [8, 16, 32, 64], 'out_channels': 16, 'num_outs': 4},
        {'in_channels': 16, 'feature_index': 0},
        16,
    ),
    'HRNetV2-W18': (
        {
            'type': 'HRNet',
            'in_channels': 3,
            'extra': HRNET_W18,
        },
        {'type': 'FeatureMapProcessor', 'concat': True},
        {'in_channels': 270, 'conv_out_channels': (270,), 'conv_kernel_sizes': (1,)},
        16,
    ),
    'HRNet, highest resolution': (
        {
            'type': 'HRNet',
            'in_channels': 3,
            'extra': HRNET_W18,
        },
        None,
        {'in_channels': 18, 'feature_index': 0},
        16,
    ),
    'MobileNetV2': (
        {'type': 'MobileNetV2', 'widen_factor': 0.25},
        None,
        {'in_channels': 1280, 'deconv_out_channels': (8,), 'deconv_kernel_sizes': (4,)},
        4,
    ),
    'Hourglass': (
        {
            'type': 'HourglassNet',
            'num_stacks': 1,
            'downsample_times': 2,
            'stage_channels': (256, 256, 256),
            'stage_blocks': (1, 1, 1),
        },
        None,
        {'in_channels': 256},
        16,
    ),
}
LOSSES = {
    'smooth L1, beta 0.01': SMOOTH_L1,
    'smooth L1, beta 1': {'type': 'SmoothL1Loss'},
    'L1': {'type': 'L1Loss'},
    'L2': {'type': 'MSELoss'},
    'wing': {'type': 'WingLoss', 'omega': 10 / 32, 'epsilon': 2 / 32},
    'STAR': {'type': 'STARLoss'},
    'STAR, detached': {'type': 'STARLoss', 'restriction': 'detach'},
}


@pytest.fixture
def build():
    """A top-down estimator of a network above with this head."""

    def build(name='ResNet with deconvolutions', seed=0, flip_test=False, **options):
        backbone, neck, head, _ = NETWORKS[name]
        torch.manual_seed(seed)
        model = MODELS.build(
            {
                'type': 'TopdownPoseEstimator',
                'data_preprocessor': {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
                'backbone': backbone,
                'neck': neck,
                'head': {
                    'type': 'SoftArgmaxHead',
                    'out_channels': NUM_LANDMARKS,
                    'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)},
                    'init_cfg': {'type': 'Normal', 'layer': 'Conv2d', 'std': 0.1},
                    **head,
                    **options,
                },
                'test_cfg': {'flip_test': flip_test},
            }
        )
        model.init_weights()
        return model

    return build


@pytest.fixture
def bare_head():
    """A head whose feature maps are its heatmaps before the activation."""

    def make(landmarks, size=64, **options):
        return SoftArgmaxHead(
            landmarks,
            landmarks,
            final_layer=None,
            decoder={'type': 'SoftArgmaxLabel', 'input_size': (size, size)},
            **options,
        )

    return make


@pytest.fixture
def batch(make_samples):
    generator = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=generator)
    targets = torch.rand(2, NUM_LANDMARKS, 2, generator=generator) - 0.5
    return {'inputs': images, 'data_samples': make_samples(targets, FLIP_INDICES)}


@pytest.mark.parametrize('activation', ['softmax', 'instance_norm_relu'])
@pytest.mark.parametrize('name', NETWORKS)
def test_backbones_of_mmpose_train_and_predict(build, batch, name, activation):
    model = build(name, activation=activation, loss={'type': 'STARLoss'})
    data = model.data_preprocessor(batch, True)
    heatmaps = model.head(model.extract_feat(data['inputs']))
    assert heatmaps.shape == (2, NUM_LANDMARKS, *[NETWORKS[name][3]] * 2)
    assert (heatmaps >= 0).all()
    loss = model(**data, mode='loss')['loss_kpt']
    loss.backward()
    assert loss.isfinite()
    gradient = next(model.backbone.parameters()).grad
    assert gradient.isfinite().all()
    assert gradient.any()
    model.eval()
    with torch.no_grad():
        predicted = model.test_step(batch)
    for sample in predicted:
        assert sample.pred_instances.keypoints.shape == (1, NUM_LANDMARKS, 2)
        assert np.isfinite(sample.pred_instances.keypoints).all()
        assert sample.pred_instances.heatmap_covariances.shape == (1, NUM_LANDMARKS, 3)


@pytest.mark.parametrize('activation', ['softmax', 'instance_norm_relu'])
@pytest.mark.parametrize('name', LOSSES)
def test_every_loss_goes_down(build, batch, name, activation):
    model = build(loss=LOSSES[name], activation=activation)
    data = model.data_preprocessor(batch, True)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    losses = []
    for _ in range(20):
        optimizer.zero_grad()
        loss = model(**data, mode='loss')['loss_kpt']
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.isfinite(losses).all()
    assert min(losses[-3:]) < 0.9 * losses[0]


def test_loss_gets_coordinates_or_heatmaps_as_it_asks(bare_head, make_samples):
    class Record(torch.nn.Module):
        def forward(self, *arguments):
            self.shapes = [tuple(argument.shape) for argument in arguments]
            return arguments[0].sum()

    head = bare_head(3)
    head.loss_module = Record()
    samples = make_samples(torch.zeros(2, 3, 2))
    head.loss((torch.rand(2, 3, 8, 8),), samples)
    assert head.loss_module.shapes == [(2, 3, 2), (2, 3, 2), (2, 3)]
    head.loss_module.takes_heatmaps = True
    head.loss((torch.rand(2, 3, 8, 8),), samples)
    assert head.loss_module.shapes == [(2, 3, 8, 8), (2, 3, 2), (2, 3)]


def test_smooth_l1_of_distances_equals_the_official_value(shared):
    """The official loss is a smooth-L1 of each landmark's distance, MMPose's one of each coordinate."""
    with np.load(shared / 'golden' / 'other_losses.npz') as golden:
        predicted, target = (torch.from_numpy(golden[f'smoothl1_{name}']).double() for name in ('pred', 'target'))
        expected = float(golden['smoothl1_loss'])
    loss = MODELS.build(SMOOTH_L1)
    distances = (predicted - target).norm(dim=-1)
    assert loss(distances, torch.zeros_like(distances)).item() == pytest.approx(expected, rel=1e-12)
    per_coordinate = F.smooth_l1_loss(predicted, target, beta=0.01).item()
    assert loss(predicted, target).item() == pytest.approx(per_coordinate, rel=1e-12)
    assert 0.5 * expected < per_coordinate < 0.6 * expected


@pytest.mark.parametrize('name', LOSSES)
def test_autocast_leaves_loss_and_gradient_as_they_are(bare_head, make_samples, name):
    """Otherwise coordinate losses would train on expectations rounded to bfloat16, and STAR loss would not."""
    head = bare_head(3, loss=LOSSES[name])
    samples = make_samples(torch.tensor([[[0.1, 0.2], [-0.3, 0.4], [0.5, -0.6]]]))
    results = []
    for enabled in (False, True):
        channels = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(0)).requires_grad_()
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=enabled):
            loss = head.loss((channels,), samples)['loss_kpt']
        assert loss.dtype == torch.float32
        results.append((loss.detach(), torch.autograd.grad(loss, channels)[0]))
    assert torch.equal(results[0][0], results[1][0])
    torch.testing.assert_close(results[0][1], results[1][1], rtol=1e-6, atol=0)


@pytest.mark.parametrize('activation', ['softmax', 'instance_norm_relu'])
def test_single_hot_cell_decodes_to_its_pixel(bare_head, make_samples, activation):
    head = bare_head(3, activation=activation)
    cells = [(0, 0), (4, 11), (15, 15)]  # row, column
    channels = torch.zeros(1, 3, 16, 16)
    for landmark, (row, column) in enumerate(cells):
        channels[0, landmark, row, column] = 200
    (instance,) = head.predict((channels,), make_samples(torch.zeros(1, 3, 2)))
    expected = [[column * 64 / 15 - 0.5, row * 64 / 15 - 0.5] for row, column in cells]
    np.testing.assert_allclose(instance.keypoints, [expected], atol=1e-4)
    np.testing.assert_allclose(instance.keypoint_scores, np.ones((1, 3)))
    np.testing.assert_allclose(instance.heatmap_covariances, np.zeros((1, 3, 3)), atol=1e-4)


def test_covariance_is_in_squared_pixels_of_the_input(bare_head, make_samples):
    y, x = torch.meshgrid(torch.arange(64.0), torch.arange(64.0), indexing='ij')
    x, y = x - 30, y - 35
    inverse = torch.linalg.inv(torch.tensor([[16.0, 6.0], [6.0, 9.0]]))
    logits = -(inverse[0, 0] * x * x + 2 * inverse[0, 1] * x * y + inverse[1, 1] * y * y) / 2
    head = bare_head(1, size=128, activation='softmax')
    (instance,) = head.predict((logits[None, None],), make_samples(torch.zeros(1, 1, 2)))
    zoom = 128 / 63  # pixels of the input for one cell
    np.testing.assert_allclose(instance.heatmap_covariances[0, 0] / zoom**2, [16, 6, 9], rtol=0.02)


def test_non_square_input_scales_each_axis_by_itself(make_samples):
    head = SoftArgmaxHead(
        1, 1, 'softmax', final_layer=None, decoder={'type': 'SoftArgmaxLabel', 'input_size': (48, 64)}
    )
    channels = torch.zeros(1, 1, 16, 12)
    channels[0, 0, 8, [2, 8]] = 200
    (instance,) = head.predict((channels,), make_samples(torch.zeros(1, 1, 2)))
    np.testing.assert_allclose(instance.keypoints[0, 0], [5 * 48 / 11 - 0.5, 8 * 64 / 15 - 0.5], atol=1e-4)
    assert instance.heatmap_covariances[0, 0, 0] > 100
    np.testing.assert_allclose(instance.heatmap_covariances[0, 0, 1:], 0, atol=1e-2)


def test_flip_test_makes_predictions_symmetric(build, batch):
    model = build(flip_test=True).eval()
    plain = build(flip_test=False).eval()
    mirrored = {'inputs': batch['inputs'].flip(-1), 'data_samples': batch['data_samples']}
    with torch.no_grad():
        data, mirrored_data = (model.data_preprocessor(part, False) for part in (batch, mirrored))
        samples = data['data_samples']
        (straight, turned), (asymmetric, other) = (
            [
                network.head.predict(
                    [network.extract_feat(part['inputs']), network.extract_feat(part['inputs'].flip(-1))]
                    if network is model
                    else network.extract_feat(part['inputs']),
                    samples,
                    network.test_cfg,
                )
                for part in (data, mirrored_data)
            ]
            for network in (model, plain)
        )
    for one, two in zip(straight, turned, strict=True):
        expected = one.keypoints[:, FLIP_INDICES] * [-1, 1] + [63, 0]
        np.testing.assert_allclose(two.keypoints, expected, atol=1e-4)
        covariances = one.heatmap_covariances[:, FLIP_INDICES] * [1, -1, 1]
        np.testing.assert_allclose(two.heatmap_covariances, covariances, rtol=1e-4, atol=1e-4)
    for one, two, both in zip(asymmetric, other, straight, strict=True):
        mirrored_back = two.keypoints[:, FLIP_INDICES] * [-1, 1] + [63, 0]
        assert np.abs(one.keypoints - mirrored_back).max() > 0.1
        np.testing.assert_allclose(both.keypoints, (one.keypoints + mirrored_back) / 2, atol=1e-4)


def test_estimator_returns_pixels_of_the_original_image(build, batch):
    model = build(flip_test=True).eval()
    with torch.no_grad():
        data = model.data_preprocessor(batch, False)
        feats = [model.extract_feat(data['inputs']), model.extract_feat(data['inputs'].flip(-1))]
        in_input = model.head.predict(feats, data['data_samples'], model.test_cfg)
        in_image = model.test_step(batch)
    for one, two in zip(in_input, in_image, strict=True):
        # The crop is 128 pixels wide, centred on (100, 80), and its middle is pixel 32 of 64.
        expected = (one.keypoints - 32) * 2 + [100, 80]
        np.testing.assert_allclose(two.pred_instances.keypoints, expected, rtol=1e-5)


def test_unknown_activation_names_itself():
    with pytest.raises(ValueError, match=r"^activation: 'relu'"):
        SoftArgmaxHead(4, 2, activation='relu')


def test_weights_come_back_from_a_state_dict(build, batch):
    model, other = build(seed=0).eval(), build(seed=1).eval()
    other.load_state_dict(model.state_dict())
    images = torch.rand(1, 3, 64, 64)
    assert torch.equal(other(images, None), model(images, None))
