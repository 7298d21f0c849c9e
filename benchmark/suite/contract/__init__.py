"""What ``python -m benchmark.check`` demands of a component of one's own.

A check is a function of a :class:`~benchmark.suite.contract.subject.Subject` that returns an
:class:`~benchmark.suite.contract.findings.Outcome`. Those that losses and backbones share are written once.
"""

from __future__ import annotations

from collections.abc import Mapping

# How a component is called: see the subjects of losses and backbones.
KINDS: Mapping[str, str] = {
    'coordinates': 'a loss, loss(predicted (B, K, 2), target (B, K, 2), weights (B, K)), positions in [-1, 1]',
    'heatmaps': 'a loss, loss(heatmaps (B, K, H, W), target (B, K, 2), weights (B, K)): it has takes_heatmaps = True',
    'maps': 'a loss, loss(predicted (B, K, H, W), target (B, K, H, W)), values in [0, 1]: it has a method weigh',
    'backbone': 'backbone(images (B, 3, H, W)) gives a tuple of feature maps (B, C, h, w)',
}
CHECKS: Mapping[str, str] = {
    'call': 'it can be called as heads call it, and gives what they take, finite, with a gradient',
    'repeatable': 'the same inputs after the same seed give the same bits',
    'finite': 'values and gradients are finite at the truth, far from it, and for degenerate inputs',
    'gradient': 'the gradient is that of finite differences, in float64',
    'truth': 'a loss is lowest at the truth, and lower near it than far from it',
    'mirroring': 'a loss is the same for mirrored predictions and targets',
    'image-order': 'a loss does not depend on the order of images',
    'landmark-order': 'a loss does not depend on the order of landmarks',
    'batch-size': 'a loss is a mean: the same for the same images twice',
    'masks': 'a landmark of weight 0 has no part in value and gradient',
    'independence': 'a backbone in evaluation gives each image the features that it has alone',
    'unused': 'every parameter of a backbone gets a gradient',
    'half-precision': 'bfloat16 and float16 are finite and near float32',
    'inputs': 'what it is given stays as it is',
    'continuation': 'a training that goes on from a checkpoint has the bits of one that was not interrupted',
    'copies': 'it can be copied and pickled',
    'speed': 'time of a loss, forward and backward, against smooth-L1',
}
