"""Landmarks on pictures of one's own: python -m benchmark.predict IMAGE... --weights FILE --output DIR."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError
from benchmark.records.packs import is_pack

if TYPE_CHECKING:
    from benchmark.suite.prediction.input_predictor import FindBoxes
    from benchmark.suite.prediction.inputs import Input
    from benchmark.suite.prediction.predictor import Predictor


def __getattr__(name: str) -> type:
    """``from benchmark.predict import Predictor``, which the command itself loads only when it needs PyTorch."""
    if name == 'Predictor':
        from benchmark.suite.prediction.predictor import Predictor

        return Predictor
    raise AttributeError(f'module {__name__!r} has no attribute {name!r}')


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 done, 1 something could not be used or written, 2 wrong usage."""
    options = _parser().parse_args(arguments)
    try:
        return _predict(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _predict(options: argparse.Namespace) -> int:
    box = _read_box(options.box)
    if not (options.weights.is_file() or is_pack(options.weights)):
        raise UsageError(f'--weights {options.weights}: no such file or pack (name weights, or the folder of a pack)')
    # PyTorch and MMPose take seconds to import, and --help and wrong usage need neither.
    import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
    from benchmark.suite.launcher import pick_device
    from benchmark.suite.prediction.boxes import Unusable
    from benchmark.suite.prediction.documents import as_json
    from benchmark.suite.prediction.input_predictor import InputPredictor
    from benchmark.suite.prediction.inputs import find_inputs
    from benchmark.suite.prediction.outputs import Outputs
    from benchmark.suite.prediction.predictor import Predictor

    inputs, problems = find_inputs(options.inputs)
    find_boxes = _boxes(options, box, inputs)
    predictor = Predictor(options.weights, options.config, options.configs, pick_device(options.device))
    outputs = Outputs(options.output)
    outputs.check_apart(inputs)
    for line in (*(f'error: {problem}' for problem in problems), *_notes(options, predictor, find_boxes)):
        _say(line)
    predict = InputPredictor(predictor, find_boxes, outputs, options.as_stored, options.twice, _say)
    for one in inputs:
        try:
            document = predict(one)
        except Unusable as error:
            problems.append(str(error))
            _say(f'error: {error}')
        else:
            if options.json:
                print(as_json(document), flush=True)
    return 1 if problems else 0


def _boxes(options: argparse.Namespace, box: tuple[float, ...] | None, inputs: Sequence[Input]) -> FindBoxes:
    """Where boxes come from."""
    from benchmark.suite.prediction.box_file import BoxFile
    from benchmark.suite.prediction.boxes import GivenBox, WholeImage
    from benchmark.suite.prediction.detector import Detector

    if options.detector:
        return Detector(options.detector)
    if options.boxes:
        file = BoxFile(options.boxes)
        file.check_names([one.path for one in inputs])
        return file
    return GivenBox(box) if box else WholeImage()


def _notes(options: argparse.Namespace, predictor: Predictor, find_boxes: FindBoxes) -> list[str]:
    """What holds for all inputs, one line each."""
    from benchmark.suite.prediction.notes import network_notes

    lines = network_notes(predictor, find_boxes.origin, options.twice)
    if not (options.box or options.boxes or options.detector):
        lines.insert(0, 'no box was given: the whole image is taken for it (see --box, --boxes, --detector)')
    return lines


def _read_box(text: str | None) -> tuple[float, ...] | None:
    """The box of ``--box``; None: the whole image."""
    if text in (None, 'whole'):
        return None
    from benchmark.suite.prediction.boxes import parse_box

    try:
        return parse_box(text)
    except ValueError as error:
        raise UsageError(f'--box {error}') from error


def _say(line: str) -> None:
    print(line, file=sys.stderr)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.predict',
        description='Predict the landmarks of faces in photographs and videos, as the evaluation does. For each input '
        'a picture or video with landmarks and the ellipses of their heatmaps is written, and all numbers as JSON and '
        'CSV. docs/predicting.md says what a box is, and what another kind of box costs.',
    )
    parser.add_argument(
        'inputs', nargs='+', type=Path, metavar='IMAGE', help='a JPEG, PNG or video, or a folder of them'
    )
    parser.add_argument(
        '--weights',
        required=True,
        type=Path,
        metavar='FILE',
        help='a checkpoint, a model of benchmark.export (.onnx), or a pack of benchmark.pack',
    )
    parser.add_argument(
        '--config', metavar='CONFIG', help='its configuration: a file, or its name without .py (default: as it says)'
    )
    parser.add_argument(
        '--configs', type=Path, metavar='DIR', help='configurations (default: mmpose_configs, here or as installed)'
    )
    boxes = parser.add_mutually_exclusive_group()
    boxes.add_argument(
        '--box',
        metavar='X,Y,W,H',
        help="the tight box of the face's landmarks, from brows to chin, in pixels, or 'whole' (default: whole)",
    )
    boxes.add_argument('--boxes', type=Path, metavar='FILE', help='a .csv or .json with image, x, y, w, h')
    boxes.add_argument(
        '--detector', type=Path, metavar='FILE', help="the model of OpenCV's face detector YuNet (.onnx)"
    )
    parser.add_argument(
        '--twice',
        action='store_true',
        help='predict once more in the box of the landmarks found first, for boxes of another kind',
    )
    parser.add_argument(
        '--as-stored', action='store_true', help='do not turn photographs as their orientation tags say'
    )
    parser.add_argument('--output', required=True, type=Path, metavar='DIR', help='folder to write to, made if absent')
    parser.add_argument(
        '--device', choices=('auto', 'cpu', 'cuda'), default='auto', help='default: cuda if there is one'
    )
    parser.add_argument('--json', action='store_true', help='print what is written as JSON on stdout, a line an input')
    return parser


if __name__ == '__main__':
    end(main)
