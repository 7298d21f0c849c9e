"""A head for any MMPose backbone whose landmarks are the expectations of its heatmaps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import torch
import torch.nn.functional as F
from mmengine.structures import InstanceData
from mmpose.models.heads import HeatmapHead
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.losses.moments import soft_argmax
from benchmark.models.heads.decoding import predict_from_heatmaps
from benchmark.models.heads.labels import gather_labels

SMOOTH_L1 = {'type': 'SoftWeightSmoothL1Loss', 'beta': 0.01}


@MODELS.register_module()
class SoftArgmaxHead(HeatmapHead):
    """Soft-argmax head, trained by a loss on coordinates or by a loss on heatmaps such as :class:`STARLoss`.

    Takes feature maps (B, C, H', W') of one backbone stage, optionally through the deconvolutions and convolutions of
    MMPose's ``HeatmapHead``, and turns the K channels of the final layer into non-negative heatmaps (B, K, H, W).
    Heatmaps, expectations and losses are float32 under autocast too.

    Args:
        in_channels: channels of the feature map that is used.
        out_channels: number of landmarks, K.
        activation: how channels become heatmaps: 'softmax' over positions, or 'instance_norm_relu' as in the official
            STAR code (instance normalization without affine parameters, then ReLU).
        feature_index: which of the backbone's or neck's outputs to use; the last one by default.
        deconv_out_channels: channels of the deconvolutions; none by default.
        deconv_kernel_sizes: their kernel sizes.
        loss: a loss on coordinates, called as ``loss(predicted (B, K, 2), target (B, K, 2), weights (B, K))`` with
            positions in [-1, 1], as MMPose's regression losses are; or, if it has an attribute ``takes_heatmaps``
            that is true, called with heatmaps (B, K, H, W) in place of predictions.
        decoder: codec that turns positions into pixels, :class:`SoftArgmaxLabel`.
        **kwargs: further arguments of MMPose's ``HeatmapHead``.
    """

    def __init__(
        self,
        in_channels: int | Sequence[int],
        out_channels: int,
        activation: Literal['softmax', 'instance_norm_relu'] = 'instance_norm_relu',
        feature_index: int = -1,
        deconv_out_channels: Sequence[int] | None = None,
        deconv_kernel_sizes: Sequence[int] | None = None,
        loss: dict = SMOOTH_L1,
        decoder: dict | None = None,
        **kwargs,
    ) -> None:
        if activation not in ('softmax', 'instance_norm_relu'):
            raise ValueError(f"activation: {activation!r} is not one of 'softmax', 'instance_norm_relu'")
        super().__init__(
            in_channels,
            out_channels,
            deconv_out_channels=deconv_out_channels,
            deconv_kernel_sizes=deconv_kernel_sizes,
            loss=loss,
            decoder=decoder,
            **kwargs,
        )
        self.activation = activation
        self.feature_index = feature_index

    def forward(self, feats: Sequence[Tensor]) -> Tensor:
        """Heatmaps (B, K, H, W), float32, non-negative, of the feature maps of all stages."""
        channels = super().forward((feats[self.feature_index],))
        with torch.autocast(channels.device.type, enabled=False):
            channels = channels.float().contiguous()
            if self.activation == 'softmax':
                return channels.flatten(2).softmax(-1).view_as(channels)
            return F.instance_norm(channels).relu()

    def loss(
        self, feats: Sequence[Tensor], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """Loss of a batch whose samples hold ``gt_instance_labels`` made by the codec."""
        return self.compare(feats, *self.targets(batch_data_samples))

    def targets(self, batch_data_samples: list) -> tuple[Tensor, Tensor]:
        """True positions (B, K, 2) in [-1, 1] and their weights (B, K)."""
        return gather_labels(batch_data_samples)

    def compare(self, feats: Sequence[Tensor], targets: Tensor, weights: Tensor) -> dict[str, Tensor]:
        """Loss of feature maps against what :meth:`targets` gives."""
        heatmaps = self.forward(feats)
        takes_heatmaps = getattr(self.loss_module, 'takes_heatmaps', False)
        predicted = heatmaps if takes_heatmaps else soft_argmax(heatmaps)
        return {'loss_kpt': self.loss_module(predicted, targets, weights)}

    def predict(self, feats: Sequence, batch_data_samples: list, test_cfg: dict | None = None) -> list[InstanceData]:
        """Landmarks of a batch.

        Args:
            feats: feature maps of all stages; with ``test_cfg['flip_test']`` a pair of them, of the images and of the
                mirrored images, whose positions and covariances are averaged.
            batch_data_samples: data samples; the first one's ``flip_indices`` are used.
            test_cfg: ``flip_test``, ``mirror_shift``.

        Returns:
            One instance a sample: ``keypoints`` (1, K, 2) in pixels of the network input, ``keypoint_scores`` (1, K),
            all 1, and ``heatmap_covariances`` (1, K, 3) as (xx, xy, yy), squared pixels of the network input.
        """
        flip_test = (test_cfg or {}).get('flip_test', False)
        heatmaps = (self.forward(part) for part in (feats if flip_test else (feats,)))
        return predict_from_heatmaps(self, heatmaps, batch_data_samples, test_cfg)
