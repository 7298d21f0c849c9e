"""What ``python -m benchmark.speed`` measures.

Each part is a module of this package with a function ``measure(options: Options) -> Measurement``.
"""

from __future__ import annotations

from collections.abc import Mapping

PARTS: Mapping[str, str] = {
    'loss': 'forward and backward pass of the losses, and the memory that it takes',
    'step': 'whole training steps of small networks, on a GPU of the official ones as well',
    'training': 'whole epochs as trainings make them, in several ways, and what their time goes to',
    'recipes': 'a training step and a test of each network that a recipe trains; hours of trainings follow from it',
    'input': 'training samples, from images to augmented batches with the targets of all maps',
    'evaluation': 'landmarks and covariances of test images, with and without the flip test',
    'inference': 'landmarks by PyTorch and by the exported model in onnxruntime',
}
# Parts that measure the CPU, on a machine with a GPU as well.
ON_CPU = frozenset({'input', 'inference'})
