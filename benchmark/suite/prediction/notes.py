"""What everybody should know of a prediction before it begins, one line each."""

from __future__ import annotations

from benchmark.suite.prediction.networks import is_onnx
from benchmark.suite.prediction.predictor import Predictor

# NME, percent, of a small ResNet on faces of WFLW: in the boxes of its training, and in a detector's. Both rows are
# published; docs/predicting.md names them.
MEASURED = (8.43, 13.43)


def network_notes(predictor: Predictor, origin: str, twice: bool) -> list[str]:
    """How predictions differ from what the network was evaluated with, and what they lack.

    Args:
        predictor: the network.
        origin: where boxes are from (see :class:`benchmark.suite.prediction.boxes.Found`).
        twice: whether there is a second pass.
    """
    experiment, weights = predictor.experiment, predictor.weights
    lines = []
    if origin in ('detector', 'whole image') and not twice:
        lines.append(
            f'warning: {weights}: was trained with another kind of box ({experiment.box}); with that of a {origin} '
            f'landmarks are worse: a small network went from {MEASURED[0]} to {MEASURED[1]} % NME with a detector '
            '(--twice mends much of it, docs/predicting.md)'
        )
    if experiment.config.get('mirror_offset', False):
        lines.append(
            f'warning: {experiment.name}: its evaluation adds an offset measured on training faces, which is left out'
        )
    flip_test = (experiment.config.model.get('test_cfg') or {}).get('flip_test', False)
    if flip_test and is_onnx(weights):
        lines.append(f'{weights}: without the flip test that {experiment.name} is evaluated with')
    if not predictor.gives_covariances:
        lines.append(f'{weights}: gives no covariances of heatmaps; points alone are drawn')
    return lines
