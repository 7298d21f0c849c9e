"""Hold a loss or a backbone of one's own to what trainings here demand: python -m benchmark.check my_loss.py."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import TYPE_CHECKING

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError
from benchmark.suite.contract import CHECKS, KINDS

if TYPE_CHECKING:
    from benchmark.suite.contract.loading import Component
    from benchmark.suite.contract.subject import Subject


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog='python -m benchmark.check',
        description="Hold components that a file registers in MMPose's MODELS, losses and backbones, to what trainings "
        'here demand of them. The file is your own code and is run, as a training runs it.',
        epilog='Checks: '
        + '; '.join(f'{name}: {text}' for name, text in CHECKS.items())
        + '. Kinds: '
        + '; '.join(f'{name}: {text}' for name, text in KINDS.items())
        + '. Exit status: 0 no check failed, 1 one failed, 2 usage error.',
    )
    parser.add_argument(
        'places', nargs='+', metavar='FILE', help='a Python file, or a module with dots, that registers components'
    )
    parser.add_argument(
        '--type', action='append', default=[], metavar='NAME', help='check what is registered as NAME (default: all)'
    )
    parser.add_argument(
        '--options', nargs='+', default=[], metavar='KEY=VALUE', help='arguments to make it with, Python values or text'
    )
    parser.add_argument(
        '--kind', choices=tuple(KINDS), help='how it is called (default: told by its arguments and attributes)'
    )
    parser.add_argument(
        '--accept',
        action='append',
        default=[],
        choices=[name for name in CHECKS if name != 'call'],
        metavar='CHECK',
        help='take it as meant where CHECK fails: it then has a note',
    )
    parser.add_argument(
        '--landmarks', type=_landmarks, default=68, metavar='N', help='landmarks that a loss is given (default: 68)'
    )
    parser.add_argument(
        '--input-size',
        type=_size,
        default=(64, 64),
        metavar='WxH',
        help='size of the images that a backbone is given (default: 64x64)',
    )
    parser.add_argument('--json', action='store_true', help='print machine-readable results on stdout')
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 no check failed, 1 one failed, 2 wrong usage."""
    options = build_parser().parse_args(arguments)
    try:
        return _check(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1


def _check(options: argparse.Namespace) -> int:
    values = dict(map(_option, options.options))
    # PyTorch and MMPose take seconds to import, and --help and wrong usage need neither.
    import benchmark.models  # noqa: F401  (prepares the imports of MMPose)
    from benchmark.suite.contract.display import print_examined, summary, to_data
    from benchmark.suite.contract.examination import examine
    from benchmark.suite.contract.findings import Examined

    with redirect_stdout(sys.stderr):  # what the file prints is no result
        subjects = _subjects(options, values)
    examined = []
    for component, kind, subject in subjects:
        with redirect_stdout(sys.stderr):
            outcomes = examine(subject, options.accept)
        examined.append(Examined(component.name, component.place, kind, values, outcomes))
        if not options.json:
            print_examined(examined[-1])
        print(summary(examined[-1]), file=sys.stderr)
    if options.json:
        print(json.dumps(to_data(examined), indent=1))
    return int(any(one.failed for one in examined))


def _subjects(options: argparse.Namespace, values: dict[str, object]) -> list[tuple[Component, str, Subject]]:
    from benchmark.suite.contract.choosing import choose, kind_of, make_subject
    from benchmark.suite.contract.loading import load

    subjects = []
    components = choose([one for place in options.places for one in load(place)], options.type, values)
    for component in components:
        module = component.make(values)
        kind = options.kind or kind_of(module)
        if kind is None:
            print(f'{component.name}: neither a loss nor a backbone, not checked', file=sys.stderr)
            continue
        subject = make_subject(component, values, kind, options.landmarks, options.input_size)
        subjects.append((component, kind, subject))
    if not subjects:
        raise UsageError(
            f'{", ".join(options.places)}: registers neither a loss nor a backbone (to take it for one: --kind)'
        )
    return subjects


def _option(text: str) -> tuple[str, object]:
    key, sign, value = text.partition('=')
    if not (sign and key.isidentifier()):
        raise UsageError(f'--options {text}: expected KEY=VALUE')
    try:
        return key, ast.literal_eval(value)
    except (SyntaxError, ValueError):
        if value.lower() in ('true', 'false', 'none', 'null'):
            raise UsageError(f'--options {text}: write it as in Python, True, False or None') from None
        return key, value


def _landmarks(text: str) -> int:
    number = int(text)
    if number < 2:
        raise argparse.ArgumentTypeError(f'{number}: two landmarks at least are needed to tell them apart')
    return number


def _size(text: str) -> tuple[int, int]:
    width, height = map(int, text.split('x'))
    if min(width, height) < 1:
        raise argparse.ArgumentTypeError(f'{text}: expected width and height in pixels, as in 256x256')
    return width, height


if __name__ == '__main__':
    end(main)
