"""Short names for what a configuration chooses, as tables show them."""

from __future__ import annotations

from collections.abc import Mapping

LOSS_NAMES = {
    'STARLoss': 'STAR',
    'SoftWeightSmoothL1Loss': 'smooth-L1',
    'L1Loss': 'L1',
    'MSELoss': 'L2',
    'WingLoss': 'Wing',
    'KeypointMSELoss': 'heatmap MSE',
}
_DISTANCE_NAMES = {'smooth_l1': 'smooth-L1', 'l1': 'L1', 'l2': 'L2', 'wing': 'Wing'}
_USUAL_ARGUMENTS = {
    'STARLoss': {'distance': 'smooth_l1', 'restriction': 'value'},
    'SoftWeightSmoothL1Loss': {'beta': 0.01},
    'KeypointMSELoss': {'use_target_weight': True},
}
_SAID_WITHOUT_NAME = ('distance', 'restriction')


def loss_name(loss: Mapping) -> str:
    """Name of a loss, with what differs from its usual form in brackets.

    >>> loss_name({'type': 'STARLoss', 'restriction': 'detach', 'distance': 'l1'})
    'STAR (l1, detach)'
    >>> loss_name({'type': 'LandmarkDistanceLoss', 'distance': 'wing'})
    'Wing'
    """
    kind, arguments = loss['type'], {key: value for key, value in loss.items() if key != 'type'}
    name = LOSS_NAMES.get(kind, kind)
    if kind == 'LandmarkDistanceLoss':
        name = _DISTANCE_NAMES[arguments.pop('distance', 'smooth_l1')]
    usual = _USUAL_ARGUMENTS.get(kind, {})
    unusual = {key: value for key, value in arguments.items() if key not in usual or usual[key] != value}
    variant = [str(unusual.pop(key)) for key in _SAID_WITHOUT_NAME if key in unusual]
    variant += [f'{key}={value}' for key, value in unusual.items()]
    return f'{name} ({", ".join(variant)})' if variant else name


def precision_name(optim_wrapper: Mapping) -> str:
    """'float32', 'bfloat16' or 'float16'.

    >>> precision_name({'type': 'AutocastOptimWrapper'})
    'bfloat16'
    """
    kind = optim_wrapper.get('type', 'OptimWrapper')
    if kind == 'AutocastOptimWrapper':
        return optim_wrapper.get('dtype', 'bfloat16')
    return optim_wrapper.get('dtype', 'float16') if kind == 'AmpOptimWrapper' else 'float32'


def box_name(transforms: Mapping[str, Mapping]) -> str:
    """How the face box is obtained and padded, from the transforms of the test pipeline by their type.

    >>> box_name({'GetBBoxCenterScale': {}})
    'landmark bounding box x 1.25'
    """
    if 'FaceBox' in transforms:
        return 'landmark bounding box x {:g}, official crop'.format(transforms['FaceBox']['padding'])
    return 'landmark bounding box x {:g}'.format(transforms['GetBBoxCenterScale'].get('padding', 1.25))
