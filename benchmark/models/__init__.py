"""MMPose components of the benchmark; importing this package registers them in MMPose's registries."""

from benchmark.models.compat import prepare_imports

prepare_imports()

from benchmark.models.augmentation import FaceAugmentation  # noqa: E402
from benchmark.models.codec import SoftArgmaxLabel  # noqa: E402
from benchmark.models.collector import PredictionCollector  # noqa: E402
from benchmark.models.data_preprocessor import FaceDataPreprocessor  # noqa: E402
from benchmark.models.face_dataset import FaceCropDataset, FaceDataset  # noqa: E402
from benchmark.models.hooks import IterationSeedHook  # noqa: E402
from benchmark.models.optim_wrapper import AutocastOptimWrapper  # noqa: E402
from benchmark.models.soft_argmax_head import SoftArgmaxHead  # noqa: E402
from benchmark.models.star_loss import STARLoss  # noqa: E402

__all__ = [
    'AutocastOptimWrapper',
    'FaceAugmentation',
    'FaceCropDataset',
    'FaceDataPreprocessor',
    'FaceDataset',
    'IterationSeedHook',
    'PredictionCollector',
    'STARLoss',
    'SoftArgmaxHead',
    'SoftArgmaxLabel',
]
