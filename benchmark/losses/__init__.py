"""Losses on landmarks and heatmaps, and the moments of heatmaps that they are computed from, in plain PyTorch.

Nothing but PyTorch is needed; where MMPose, or MMEngine alone, is installed, the losses are in its registry as well.
"""

from benchmark.losses.adaptive_wing_map_loss import AdaptiveWingMapLoss
from benchmark.losses.landmark_distance_loss import LandmarkDistanceLoss
from benchmark.losses.moments import heatmap_moments, soft_argmax
from benchmark.losses.star_loss import STARLoss

__all__ = ['AdaptiveWingMapLoss', 'LandmarkDistanceLoss', 'STARLoss', 'heatmap_moments', 'soft_argmax']
