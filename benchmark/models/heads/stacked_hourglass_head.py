"""Losses and predictions of stacked hourglasses."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from mmengine.structures import InstanceData
from mmpose.models.heads import BaseHead
from mmpose.registry import KEYPOINT_CODECS, MODELS
from torch import Tensor

from benchmark.losses.moments import soft_argmax
from benchmark.models.heads.decoding import predict_from_heatmaps
from benchmark.models.heads.labels import gather_labels
from benchmark.models.networks.stacked_hourglass import STRIDE, StackOutput
from benchmark.models.targets.attention_targets import draw_edge_maps, draw_point_maps
from benchmark.models.targets.codec import denormalize_keypoints
from benchmark.protocol.layouts import LAYOUTS

ADAPTIVE_WING = {'type': 'AdaptiveWingMapLoss'}


@MODELS.register_module()
class StackedHourglassHead(BaseHead):
    """Trains every stack of :class:`StackedHourglass`, and predicts with the last one. It has no parameters.

    The loss of a stack is the landmarks' loss plus ``map_weight`` times the losses of its point maps and of its edge
    maps, as in the official code of `STAR loss, Zhou et al., CVPR 2023 <https://arxiv.org/abs/2306.02763>`_. Targets
    of the maps are drawn here, from the batch's labels, on the training device. Losses are float32 under autocast too.

    Args:
        layout: landmarks and contours: 'cofw', '300w' or 'wflw'.
        loss: a loss on coordinates, called as ``loss(predicted (B, K, 2), target (B, K, 2), weights (B, K))`` with
            positions in [-1, 1], as :class:`LandmarkDistanceLoss` and MMPose's regression losses are; or, if it has an
            attribute ``takes_heatmaps`` that is true, called with heatmaps (B, K, h, w) in place of predictions.
        map_loss: loss of maps, :class:`AdaptiveWingMapLoss` or one that is called as ``loss(predicted, target)``;
            None for a network without maps.
        stack_weights: weight of each stack.
        map_weight: weight of a map's loss relative to the landmarks' loss.
        clamp_targets: whether landmarks outside the image are drawn to its edge before the loss on landmarks, as in the
            official code. Maps are always drawn from where the landmarks are.
        decoder: config of the codec :class:`SoftArgmaxLabel`, with the ``input_size`` of the network.
        init_cfg: config of MMEngine's initialization, not needed.
    """

    def __init__(
        self,
        layout: str,
        loss: dict,
        map_loss: dict | None = ADAPTIVE_WING,
        stack_weights: Sequence[float] = (0.125, 0.25, 0.5, 1.0),
        map_weight: float = 10.0,
        clamp_targets: bool = True,
        decoder: dict | None = None,
        init_cfg: dict | list[dict] | None = None,
    ) -> None:
        super().__init__(init_cfg)
        if layout not in LAYOUTS:
            raise ValueError(f'layout: {layout!r} is not one of {", ".join(map(repr, LAYOUTS))}')
        if decoder is None:
            raise ValueError('decoder: missing (give dict(type="SoftArgmaxLabel", input_size=...))')
        self.layout = LAYOUTS[layout]
        self.loss_module = MODELS.build(loss)
        self.map_loss = None if map_loss is None else MODELS.build(map_loss)
        self.stack_weights = tuple(stack_weights)
        self.map_weight = map_weight
        self.clamp_targets = clamp_targets
        self.decoder = KEYPOINT_CODECS.build(decoder)
        # As a tensor on the training device: one made in every step would be waited for.
        self.register_buffer('input_size', torch.tensor(self.decoder.input_size).float(), persistent=False)

    def forward(self, feats: Sequence[StackOutput]) -> Tensor:
        """Heatmaps (B, K, h, w) of the last stack, float32, non-negative."""
        return feats[-1].heatmaps

    def loss(
        self, feats: Sequence[StackOutput], batch_data_samples: list, train_cfg: dict | None = None
    ) -> dict[str, Tensor]:
        """Losses of a batch whose samples hold ``gt_instance_labels`` made by the codec.

        Returns:
            See :meth:`compare`.
        """
        return self.compare(feats, *self.targets(batch_data_samples))

    def targets(self, batch_data_samples: list) -> tuple[Tensor, ...]:
        """What :meth:`compare` takes beside the outputs of the stacks."""
        keypoints, weights = gather_labels(batch_data_samples)
        if self.map_loss is None:
            return keypoints, weights
        width, height = self.decoder.input_size
        return keypoints, weights, *self.draw_targets(keypoints, (width // STRIDE, height // STRIDE))

    @torch.no_grad()
    def draw_targets(self, keypoints: Tensor, map_size: tuple[int, int]) -> tuple[Tensor, Tensor]:
        """Point maps (B, K, h, w) and edge maps (B, E, h, w) of landmarks (B, K, 2) in [-1, 1] and beyond."""
        keypoints = denormalize_keypoints(keypoints, self.input_size)
        input_size = self.decoder.input_size
        return (
            draw_point_maps(keypoints, input_size, map_size),
            draw_edge_maps(keypoints, self.layout.curves, input_size, map_size),
        )

    def compare(
        self,
        feats: Sequence[StackOutput],
        keypoints: Tensor,
        keypoint_weights: Tensor,
        point_maps: Tensor | None = None,
        edge_maps: Tensor | None = None,
    ) -> dict[str, Tensor]:
        """Losses against given targets.

        Args:
            feats: output of every stack.
            keypoints: (B, K, 2), true landmarks; the image's edges lie at -1 and 1.
            keypoint_weights: (B, K), for losses that use them.
            point_maps: (B, K, h, w), in [0, 1]; needed if the stacks have maps.
            edge_maps: (B, E, h, w), likewise.

        Returns:
            ``loss_kpt_<stack>``, ``loss_point_<stack>`` and ``loss_edge_<stack>`` with the weights applied, so that
            their sum is the whole loss; the last two only with attention.

        Raises:
            ValueError: there are more or fewer stacks than ``stack_weights``, or a loss of maps without maps or the
                other way round.
        """
        if len(feats) != len(self.stack_weights):
            raise ValueError(f'stack_weights: {len(self.stack_weights)} weights for {len(feats)} stacks')
        has_maps = feats[-1].point_maps is not None
        if has_maps != (self.map_loss is not None):
            given = 'None for a network with' if has_maps else 'given for a network without'
            raise ValueError(f'map_loss: {given} point maps and edge maps (it is for backbone.attention=True alone)')
        if self.clamp_targets:
            keypoints = keypoints.clamp(-1, 1)
        with torch.autocast(keypoints.device.type, enabled=False):
            takes_heatmaps = getattr(self.loss_module, 'takes_heatmaps', False)
            against_points, against_edges = self._compare_maps(point_maps), self._compare_maps(edge_maps)
            losses = {}
            for index, (output, weight) in enumerate(zip(feats, self.stack_weights, strict=True)):
                predicted = output.heatmaps if takes_heatmaps else soft_argmax(output.heatmaps)
                losses[f'loss_kpt_{index}'] = weight * self.loss_module(predicted, keypoints, keypoint_weights)
                if has_maps:
                    weight = weight * self.map_weight
                    losses[f'loss_point_{index}'] = weight * against_points(output.point_maps)
                    losses[f'loss_edge_{index}'] = weight * against_edges(output.edge_maps)
        return losses

    def _compare_maps(self, target: Tensor | None) -> Callable[[Tensor], Tensor] | None:
        """The loss of maps against one target; what does not depend on predictions is computed once."""
        if target is None:
            return None
        given = (target, self.map_loss.weigh(target)) if hasattr(self.map_loss, 'weigh') else (target,)
        return lambda predicted: self.map_loss(predicted, *given)

    def predict(self, feats: Sequence, batch_data_samples: list, test_cfg: dict | None = None) -> list[InstanceData]:
        """Landmarks of a batch, from the last stack.

        Args:
            feats: outputs of all stacks; with ``test_cfg['flip_test']`` a pair of them, of the images and of the
                mirrored images, whose positions and covariances are averaged.
            batch_data_samples: data samples; the first one's ``flip_indices`` are used.
            test_cfg: ``flip_test``, ``mirror_shift``.

        Returns:
            One instance a sample, as :meth:`SoftArgmaxHead.predict` gives them: ``keypoints`` (1, K, 2) in pixels of
            the network input, ``keypoint_scores`` (1, K), all 1, and ``heatmap_covariances`` (1, K, 3).
        """
        flip_test = (test_cfg or {}).get('flip_test', False)
        heatmaps = (self.forward(part) for part in (feats if flip_test else (feats,)))
        return predict_from_heatmaps(self, heatmaps, batch_data_samples, test_cfg)
