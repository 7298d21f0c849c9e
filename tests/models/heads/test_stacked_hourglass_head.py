from __future__ import annotations

import numpy as np
import pytest
import torch
from mmpose.registry import MODELS

from benchmark.models import StackedHourglassHead
from benchmark.models.networks.stacked_hourglass import StackOutput
from benchmark.protocol.layouts import LAYOUTS

LAYOUT = LAYOUTS['cofw']
STAR = {'type': 'STARLoss'}
DISTANCE = {'type': 'LandmarkDistanceLoss'}


class Record(torch.nn.Module):
    """A loss that remembers what it was given; its value is the mean of the first argument."""

    def __init__(self, takes_heatmaps=False):
        super().__init__()
        self.takes_heatmaps = takes_heatmaps
        self.calls = []

    def forward(self, *arguments):
        self.calls.append(arguments)
        return arguments[0].mean()


@pytest.fixture
def make_head():
    def make(loss=STAR, size=64, **options):
        options = {'stack_weights': (0.5, 1.0), 'layout': 'cofw', **options}
        return StackedHourglassHead(
            loss=loss, decoder={'type': 'SoftArgmaxLabel', 'input_size': (size, size)}, **options
        )

    return make


@pytest.fixture
def make_feats():
    """Outputs of two stacks on two images."""

    def make(attention=True, seed=0):
        generator = torch.Generator().manual_seed(seed)
        draw = lambda channels: torch.rand(2, channels, 16, 16, generator=generator)  # noqa: E731
        points, edges = LAYOUT.num_landmarks, len(LAYOUT.curves)
        return tuple(
            StackOutput(draw(points) ** 8, draw(points), draw(edges))
            if attention
            else StackOutput(draw(points), None, None)
            for _ in range(2)
        )

    return make


@pytest.fixture
def keypoints():
    return torch.rand(2, LAYOUT.num_landmarks, 2, generator=torch.Generator().manual_seed(9)) * 2.4 - 1.2


@pytest.fixture
def build():
    """A top-down estimator of a small network and this head."""

    def build(attention=True, flip_test=False, loss=STAR):
        torch.manual_seed(0)
        return MODELS.build(
            {
                'type': 'TopdownPoseEstimator',
                'data_preprocessor': {'type': 'FaceDataPreprocessor', 'mean': [127.5] * 3, 'std': [127.5] * 3},
                'backbone': {
                    'type': 'StackedHourglass',
                    'layout': 'cofw',
                    'channels': 8,
                    'num_stacks': 2,
                    'num_levels': 2,
                    'attention': attention,
                    'input_size': (64, 64),
                },
                'head': {
                    'type': 'StackedHourglassHead',
                    'layout': 'cofw',
                    'loss': loss,
                    'stack_weights': (0.5, 1.0),
                    'decoder': {'type': 'SoftArgmaxLabel', 'input_size': (64, 64)},
                    **({} if attention else {'map_loss': None}),
                },
                'test_cfg': {'flip_test': flip_test},
            }
        )

    return build


@pytest.fixture
def batch(make_samples, keypoints):
    images = torch.randint(0, 256, (2, 3, 64, 64), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
    return {'inputs': images, 'data_samples': make_samples(keypoints, LAYOUT.flip_indices)}


@pytest.mark.parametrize('takes_heatmaps', [False, True])
def test_loss_gets_coordinates_or_heatmaps_of_every_stack_as_it_asks(make_head, make_feats, keypoints, takes_heatmaps):
    head, feats = make_head(), make_feats()
    head.loss_module, head.map_loss = Record(takes_heatmaps), Record()
    weights, point_maps, edge_maps = torch.rand(2, 29), torch.rand(2, 29, 16, 16), torch.rand(2, 7, 16, 16)
    head.compare(feats, keypoints, weights, point_maps, edge_maps)
    for output, (predicted, target, used_weights) in zip(feats, head.loss_module.calls, strict=True):
        if takes_heatmaps:
            assert torch.equal(predicted, output.heatmaps)
        else:
            assert predicted.shape == (2, 29, 2)
            x = (output.heatmaps.sum(2) * torch.linspace(-1, 1, 16)).sum(-1) / output.heatmaps.sum((2, 3))
            torch.testing.assert_close(predicted[..., 0], x)
        assert torch.equal(target, keypoints.clamp(-1, 1))
        assert torch.equal(used_weights, weights)
    expected = [pair for output in feats for pair in ((output.point_maps, point_maps), (output.edge_maps, edge_maps))]
    for call, pair in zip(head.map_loss.calls, expected, strict=True):
        assert all(map(torch.equal, call, pair))


def test_weights_are_those_of_the_stack_times_those_of_maps(make_head, make_feats, keypoints):
    head, feats = make_head(map_weight=3.0), make_feats()
    head.loss_module, head.map_loss = Record(takes_heatmaps=True), Record()
    losses = head.compare(feats, keypoints, torch.ones(2, 29), feats[0].point_maps, feats[0].edge_maps)
    expected = {}
    for stack, weight in enumerate((0.5, 1.0)):
        expected[f'loss_kpt_{stack}'] = weight * feats[stack].heatmaps.mean()
        expected[f'loss_point_{stack}'] = 3 * weight * feats[stack].point_maps.mean()
        expected[f'loss_edge_{stack}'] = 3 * weight * feats[stack].edge_maps.mean()
    assert list(losses) == list(expected)
    torch.testing.assert_close(losses, expected)


@pytest.mark.parametrize('loss', [STAR, DISTANCE], ids=['STAR', 'distance'])
def test_network_without_maps_has_losses_of_landmarks_alone(make_head, make_feats, make_samples, keypoints, loss):
    head = make_head(loss, map_loss=None)
    losses = head.loss(make_feats(attention=False), make_samples(keypoints))
    assert list(losses) == ['loss_kpt_0', 'loss_kpt_1']
    assert all(loss > 0 for loss in losses.values())


@pytest.mark.parametrize(
    ('attention', 'given'), [(True, 'None for a network with'), (False, 'given for a network without')]
)
def test_loss_of_maps_goes_with_maps(make_head, make_feats, make_samples, keypoints, attention, given):
    head = make_head(**({'map_loss': None} if attention else {}))
    with pytest.raises(ValueError, match=rf'^map_loss: {given} point maps and edge maps'):
        head.loss(make_feats(attention), make_samples(keypoints))


def test_unclamped_targets_stay_outside(make_head, make_feats, keypoints):
    head = make_head(clamp_targets=False)
    head.loss_module = Record()
    head.compare(make_feats(), keypoints, torch.ones(2, 29), torch.rand(2, 29, 16, 16), torch.rand(2, 7, 16, 16))
    assert torch.equal(head.loss_module.calls[0][1], keypoints)
    assert keypoints.abs().max() > 1


def test_targets_of_maps_are_drawn_from_the_labels_where_they_are(make_head, make_feats, make_samples, keypoints):
    head, feats = make_head(), make_feats()
    point_maps, edge_maps = head.draw_targets(keypoints, (16, 16))
    expected = head.compare(feats, keypoints, torch.ones(2, 29), point_maps, edge_maps)
    torch.testing.assert_close(head.loss(feats, make_samples(keypoints)), expected, rtol=0, atol=0)


@pytest.mark.parametrize(('name', 'layout'), [('COFW', 'cofw'), ('300W', '300w'), ('WFLW', 'wflw')])
def test_drawn_targets_are_the_official_ones(shared, make_head, name, layout):
    head = make_head(size=256, layout=layout)
    with np.load(shared / 'golden' / 'targets.npz') as golden:
        for index in range(2):
            keypoints = torch.from_numpy(golden[f'{name}/{index}/normalised'])
            point_maps, edge_maps = (drawn[0].numpy() for drawn in head.draw_targets(keypoints[None], (64, 64)))
            np.testing.assert_allclose(point_maps, golden[f'{name}/{index}/point_maps'], atol=1e-5)
            # Lines are drawn with whole pixels there and with covered areas here.
            assert np.abs(edge_maps - golden[f'{name}/{index}/edge_maps']).mean() < 2e-4


@pytest.mark.parametrize('loss', [STAR, DISTANCE], ids=['STAR', 'distance'])
def test_autocast_leaves_losses_and_gradients_as_they_are(make_head, make_feats, make_samples, keypoints, loss):
    head = make_head(loss)
    results = []
    for enabled in (False, True):
        feats = make_feats()
        leaves = [part.requires_grad_() for output in feats for part in output]
        with torch.autocast('cpu', dtype=torch.bfloat16, enabled=enabled):
            losses = head.loss(feats, make_samples(keypoints))
        assert {loss.dtype for loss in losses.values()} == {torch.float32}
        results.append((losses, torch.autograd.grad(sum(losses.values()), leaves)))
    (expected, gradients), (found, other) = results
    assert all(torch.equal(found[name], value) for name, value in expected.items())
    torch.testing.assert_close(other, gradients, rtol=1e-6, atol=1e-12)


@pytest.mark.parametrize('attention', [True, False])
@pytest.mark.parametrize('loss', [STAR, DISTANCE], ids=['STAR', 'distance'])
def test_estimator_learns_a_batch(build, batch, loss, attention):
    model = build(attention, loss=loss)
    data = model.data_preprocessor(batch, True)
    optimizer = torch.optim.Adam([one for one in model.parameters() if one.requires_grad], lr=1e-2)
    values = []
    for _ in range(12):
        optimizer.zero_grad()
        value, logged = model.parse_losses(model(**data, mode='loss'))
        value.backward()
        optimizer.step()
        values.append(value.item())
    assert len(logged) == (7 if attention else 3)
    assert min(values[-3:]) < 0.9 * values[0]


def test_prediction_is_that_of_the_last_stack(make_head, make_feats, make_samples):
    head, feats = make_head(), make_feats()
    for output in feats:
        output.heatmaps.zero_()
    feats[0].heatmaps[:, :, 1, 1] = 1
    feats[1].heatmaps[:, :, 8, 4] = 1
    for instance in head.predict(feats, make_samples(torch.zeros(2, 29, 2))):
        np.testing.assert_allclose(
            instance.keypoints[0], np.tile([4 * 64 / 15 - 0.5, 8 * 64 / 15 - 0.5], (29, 1)), atol=1e-4
        )
        assert instance.heatmap_covariances.shape == (1, 29, 3)


def test_flip_test_averages_the_image_and_its_mirror(build, batch):
    model = build().eval()
    flip_indices = list(LAYOUT.flip_indices)
    with torch.no_grad():
        images, samples = model.data_preprocessor(batch, False).values()
        straight, turned = (
            np.stack([one.keypoints[0] for one in model.head.predict(model.extract_feat(part), samples, {})])
            for part in (images, images.flip(-1))
        )
        feats = [model.extract_feat(images), model.extract_feat(images.flip(-1))]
        both = np.stack([one.keypoints[0] for one in model.head.predict(feats, samples, {'flip_test': True})])
        through_the_estimator = build(flip_test=True).eval().test_step(batch)
    mirrored_back = turned[:, flip_indices] * [-1, 1] + [63, 0]
    assert np.abs(straight - mirrored_back).max() > 0.1
    np.testing.assert_allclose(both, (straight + mirrored_back) / 2, atol=1e-4)
    for sample, expected in zip(through_the_estimator, both, strict=True):
        # The crop is 128 pixels wide, centred on (100, 80), and its middle is pixel 32 of 64.
        np.testing.assert_allclose(sample.pred_instances.keypoints[0], (expected - 32) * 2 + [100, 80], rtol=1e-5)


def test_it_has_nothing_to_train_or_to_store(make_head):
    head = make_head()
    assert not list(head.parameters())
    assert not head.state_dict()


def test_as_many_weights_as_stacks_are_needed(make_head, make_feats, make_samples, keypoints):
    with pytest.raises(ValueError, match=r'^stack_weights: 3 weights for 2 stacks'):
        make_head(stack_weights=(1, 1, 1)).loss(make_feats(), make_samples(keypoints))


def test_unknown_layout_names_itself(make_head):
    with pytest.raises(ValueError, match=r"^layout: 'aflw' is not one of 'cofw', '300w', 'wflw'"):
        make_head(layout='aflw')


def test_missing_decoder_names_itself():
    with pytest.raises(ValueError, match=r'^decoder: missing'):
        StackedHourglassHead('cofw', STAR)
