"""MMPose components of the benchmark; importing this package registers them in MMPose's registries.

Without MMPose there are the losses alone, as in :mod:`benchmark.losses`.
"""

from importlib.util import find_spec

if find_spec('mmpose'):
    from benchmark.models import components
    from benchmark.models.components import *  # noqa: F403

    __all__ = components.__all__
else:
    from benchmark.losses import AdaptiveWingMapLoss, LandmarkDistanceLoss, STARLoss

    __all__ = ['AdaptiveWingMapLoss', 'LandmarkDistanceLoss', 'STARLoss']
