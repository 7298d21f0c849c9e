"""A trained estimator as one module from images to landmarks, for use outside MMPose."""

from __future__ import annotations

from mmpose.models.pose_estimators import TopdownPoseEstimator
from torch import Tensor, nn

from benchmark.losses.moments import soft_argmax
from benchmark.models.heads.soft_argmax_head import SoftArgmaxHead
from benchmark.models.heads.stacked_hourglass_head import StackedHourglassHead
from benchmark.models.targets.codec import denormalize_keypoints


class LandmarkNetwork(nn.Module):
    """Landmarks of normalized images, without flip test and without data samples.

    Args:
        estimator: with a head whose landmarks are the expectations of its heatmaps.

    Raises:
        ValueError: its head is another one.
    """

    def __init__(self, estimator: TopdownPoseEstimator) -> None:
        super().__init__()
        if not isinstance(estimator.head, SoftArgmaxHead | StackedHourglassHead):
            raise ValueError(f'head: {type(estimator.head).__name__} is not SoftArgmaxHead or StackedHourglassHead')
        self.estimator = estimator

    def forward(self, images: Tensor) -> Tensor:
        """Landmarks.

        Args:
            images: (B, 3, H, W), float32, normalized as ``data_preprocessor`` does.

        Returns:
            (B, K, 2) positions (x, y) in pixels of the images.
        """
        head = self.estimator.head
        positions = soft_argmax(head(self.estimator.extract_feat(images)))
        return denormalize_keypoints(positions, head.decoder.input_size)
