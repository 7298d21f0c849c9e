from __future__ import annotations

import pytest
import torch

from benchmark.models import STARLoss


@pytest.fixture
def arguments():
    return {
        'heatmaps': torch.rand(2, 3, 8, 8),
        'keypoints': torch.rand(2, 3, 2),
        'keypoint_weights': torch.ones(2, 3),
    }


@pytest.mark.parametrize(
    ('name', 'shape'),
    [
        ('heatmaps', (3, 8, 8)),
        ('heatmaps', (2, 3, 64)),
        ('heatmaps', (2, 3, 1, 8, 8)),
        ('heatmaps', (0, 3, 8, 8)),
        ('heatmaps', (2, 3, 0, 8)),
        ('keypoints', (2, 3)),
        ('keypoints', (2, 3, 3)),
        ('keypoints', (2, 4, 2)),
        ('keypoints', (1, 3, 2)),
        ('keypoints', (6, 2)),
        ('keypoint_weights', (2, 3, 1)),
        ('keypoint_weights', (2, 4)),
        ('keypoint_weights', (3,)),
        ('keypoint_weights', ()),
    ],
)
def test_wrong_shape_names_the_argument(arguments, name, shape):
    arguments[name] = torch.rand(shape)
    with pytest.raises(ValueError, match=rf'^{name}: .*\({", ".join(map(str, shape))}'):
        STARLoss(use_target_weight=True)(**arguments)


def test_whole_numbers_are_refused_as_heatmaps(arguments):
    arguments['heatmaps'] = arguments['heatmaps'].to(torch.uint8)
    with pytest.raises(ValueError, match=r'^heatmaps: .*uint8'):
        STARLoss()(**arguments)


def test_missing_weights_are_refused_when_needed(arguments):
    arguments['keypoint_weights'] = None
    with pytest.raises(ValueError, match=r'^keypoint_weights: .*use_target_weight'):
        STARLoss(use_target_weight=True)(**arguments)


def test_weights_that_are_not_needed_are_not_looked_at(arguments):
    arguments['keypoint_weights'] = torch.rand(7)
    assert STARLoss()(**arguments) == STARLoss()(arguments['heatmaps'], arguments['keypoints'])


@pytest.mark.parametrize('value', [float('nan'), float('inf'), float('-inf')])
def test_targets_that_are_not_finite_are_refused(arguments, value):
    arguments['keypoints'][1, 2, 0] = value
    with pytest.raises(ValueError, match=r'^keypoints: NaN or infinite'):
        STARLoss()(**arguments)


@pytest.mark.parametrize('value', [-0.25, float('nan')])
def test_bad_heatmaps_are_refused_in_debug_mode(arguments, value):
    arguments['heatmaps'][1, 2, 3, 4] = value
    loss = STARLoss()
    loss(**arguments)  # silent otherwise: reading a value back would stall a GPU
    loss.debug = True
    with pytest.raises(ValueError, match=r'^heatmaps: negative or NaN values, the smallest is (-0.25|nan)'):
        loss(**arguments)


@pytest.mark.filterwarnings('ignore:Anomaly Detection:UserWarning')
def test_bad_heatmaps_are_refused_during_anomaly_detection(arguments):
    arguments['heatmaps'][0, 0, 0, 0] = -1e-9
    with torch.autograd.detect_anomaly(), pytest.raises(ValueError, match=r'^heatmaps: negative'):
        STARLoss()(**arguments)


def test_good_arguments_pass_in_debug_mode(arguments):
    loss = STARLoss(use_target_weight=True)
    expected = loss(**arguments)
    loss.debug = True
    assert loss(**arguments) == expected


@pytest.mark.parametrize(
    ('name', 'value'),
    [('distance', 'smoothl1'), ('distance', None), ('restriction', 'none'), ('eps', 0.0), ('eps', -1)],
)
def test_unknown_option_names_itself_and_its_value(name, value):
    with pytest.raises(ValueError, match=rf'^{name}: {value!r}'):
        STARLoss(**{name: value})
