"""Every component of the benchmark that a configuration can name."""

from benchmark.models.compat import prepare_imports

prepare_imports()

from benchmark.losses import AdaptiveWingMapLoss, LandmarkDistanceLoss, STARLoss  # noqa: E402
from benchmark.models.batches.augmentation import FaceAugmentation  # noqa: E402
from benchmark.models.batches.data_preprocessor import FaceDataPreprocessor  # noqa: E402
from benchmark.models.batches.face_box import FaceBox  # noqa: E402
from benchmark.models.batches.face_dataset import FaceCropDataset, FaceDataset  # noqa: E402
from benchmark.models.batches.gathered_augmentation import GatheredAugmentation  # noqa: E402
from benchmark.models.batches.official_augmentation import OfficialFaceAugmentation  # noqa: E402
from benchmark.models.batches.sample_seed import SampleSeed  # noqa: E402
from benchmark.models.batches.shared_batches import SharedBatchSampler, WholeSampler  # noqa: E402
from benchmark.models.collector import PredictionCollector  # noqa: E402
from benchmark.models.heads.soft_argmax_head import SoftArgmaxHead  # noqa: E402
from benchmark.models.heads.stacked_hourglass_head import StackedHourglassHead  # noqa: E402
from benchmark.models.hooks import EpochAccumulationHook, IterationSeedHook, StepEMAHook  # noqa: E402
from benchmark.models.logged_values import LoggedValuesHook  # noqa: E402
from benchmark.models.networks.stacked_hourglass import StackedHourglass  # noqa: E402
from benchmark.models.optim_wrapper import AutocastOptimWrapper, FaceOptimWrapper  # noqa: E402
from benchmark.models.targets.codec import SoftArgmaxLabel  # noqa: E402
from benchmark.models.weight_average import JointMovingAverage  # noqa: E402

__all__ = [
    'AdaptiveWingMapLoss',
    'AutocastOptimWrapper',
    'EpochAccumulationHook',
    'FaceAugmentation',
    'FaceBox',
    'FaceCropDataset',
    'FaceDataPreprocessor',
    'FaceDataset',
    'FaceOptimWrapper',
    'GatheredAugmentation',
    'IterationSeedHook',
    'JointMovingAverage',
    'LandmarkDistanceLoss',
    'LoggedValuesHook',
    'OfficialFaceAugmentation',
    'PredictionCollector',
    'STARLoss',
    'SampleSeed',
    'SharedBatchSampler',
    'SoftArgmaxHead',
    'SoftArgmaxLabel',
    'StackedHourglass',
    'StackedHourglassHead',
    'StepEMAHook',
    'WholeSampler',
]
