"""From loaded crops to the network's input, on the training device."""

from __future__ import annotations

import torch
from mmpose.models.data_preprocessors import PoseDataPreprocessor
from mmpose.registry import MODELS
from torch import Tensor

from benchmark.models.batches.faces_on_device import FacesOnDevice


@MODELS.register_module()
class FaceDataPreprocessor(PoseDataPreprocessor):
    """MMPose's preprocessor that also augments whole batches on the device, before normalization.

    Args:
        augmentation: config of :class:`FaceAugmentation` or :class:`OfficialFaceAugmentation`, applied in training
            only; None where the loading pipeline augments by itself.
        channels_last: whether the network gets its input in channels-last memory format, which convolutions of this
            size prefer on CPUs with AMX or AVX-512 and on GPUs with tensor cores.
        **kwargs: arguments of MMPose's ``PoseDataPreprocessor``. Copies to the device do not block, unless
            ``non_blocking=False``.

    Attributes:
        faces: where batches for the augmentation come as numbers, the faces that these mean; None where they come as
            images.
    """

    faces: FacesOnDevice | None = None

    def __init__(self, augmentation: dict | None = None, channels_last: bool = False, **kwargs) -> None:
        super().__init__(**{'non_blocking': True, **kwargs})
        if augmentation and self.batch_augments is not None:
            raise ValueError('batch_augments: not with augmentation, which takes their place')
        # MMPose exchanges colours by a list of indices, which a GPU would have to be handed, and waited for.
        self.exchanges_colours, self._channel_conversion = self._channel_conversion, False
        self.augmentation = MODELS.build(augmentation) if augmentation else None
        self.channels_last = channels_last

    def forward(self, data: dict, training: bool = False) -> dict:
        """Augment (in training), normalize, and lay out a batch.

        Args:
            data: ``inputs``, uint8 images (B, 3, H, W) or a list of (3, H, W), BGR, or numbers (B,) of :attr:`faces`;
                ``data_samples``, a list.
            training: whether to augment.

        Returns:
            ``inputs``, float32 (B, 3, H, W), and ``data_samples``.
        """
        if training and self.augmentation is not None:
            inputs = self.cast_data(data['inputs'])
            picked = {'inputs': inputs} if self.faces is None else self.faces.pick(inputs)
            data = self.augmentation({**data, **picked})
            data['inputs'] = self._normalize(data['inputs'])
            size = tuple(data['inputs'].shape[-2:])
            for sample in data['data_samples']:
                for name in ('batch_input_shape', 'pad_shape'):
                    sample.set_field(size, name, field_type='metainfo')
        else:
            if self.exchanges_colours:
                images = self.cast_data(data['inputs'])
                data = {
                    **data,
                    'inputs': images.flip(1) if isinstance(images, Tensor) else [one.flip(0) for one in images],
                }
            data = super().forward(data, training)
        if self.channels_last:
            data['inputs'] = data['inputs'].contiguous(memory_format=torch.channels_last)
        return data

    def _normalize(self, images: Tensor) -> Tensor:
        """What MMPose does image by image, for the augmented batch at once; its pixels are overwritten."""
        if self.exchanges_colours:
            images = images.flip(1)
        if not self._enable_normalize:
            return images
        rows, width = images.permute(0, 2, 3, 1), images.shape[-1]
        if not rows.is_contiguous():
            return images.sub_(self.mean).div_(self.std)
        # Interleaved colours: whole rows vectorize, three numbers do not.
        mean, std = (values.flatten().repeat(width) for values in (self.mean, self.std))
        rows.view(-1, 3 * width).sub_(mean).div_(std)
        return images
