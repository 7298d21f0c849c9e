"""Compute the standard numbers from predictions of any code: python -m benchmark.score PREDICTIONS --dataset 300w."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from benchmark.console import end
from benchmark.errors import BenchmarkError, UsageError, check_folder
from benchmark.protocol.benchmarks import BENCHMARKS

if TYPE_CHECKING:
    from benchmark.scoring.scored import Score
    from benchmark.scoring.submission import Answers

WORST = 5
DATA_ROOT = Path('data')


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    from benchmark.records.formats import FORMATS

    parser = argparse.ArgumentParser(
        prog='python -m benchmark.score',
        description='Compute NME, failure rate and area of predicted landmarks, in pixels of the original images, and '
        'say what is wrong with them where that can be seen. Nothing in the file is run, and nothing is repaired.',
    )
    parser.add_argument('predictions', type=Path, metavar='PREDICTIONS', help=f'a file: {", ".join(FORMATS)}')
    parser.add_argument(
        '--dataset', required=True, choices=tuple(BENCHMARKS), metavar='NAME', help=f'one of {", ".join(BENCHMARKS)}'
    )
    parser.add_argument(
        '--data-root', type=Path, default=DATA_ROOT, metavar='DIR', help='folder of prepared data (default: data)'
    )
    parser.add_argument(
        '--allow-incomplete',
        action='store_true',
        help='score the images that have a prediction, and leave out predictions of others',
    )
    parser.add_argument(
        '--worst', type=_count, default=WORST, metavar='N', help=f'how many of the worst images to list ({WORST})'
    )
    parser.add_argument('--json', action='store_true', help='print the score as JSON on stdout')
    row = parser.add_argument_group(
        'a row of the leaderboards', 'With --submit; what is not given is asked for on a terminal.'
    )
    row.add_argument('--submit', metavar='NAME', help='write record and predictions for a row of that name')
    row.add_argument('--results', type=Path, default=Path('results'), metavar='DIR', help='where to (default: results)')
    row.add_argument('--reports', type=Path, default=Path('reports'), help='published records, to compare with')
    row.add_argument('--method', metavar='TEXT', help='name of the method in print')
    row.add_argument('--loss', metavar='TEXT', help='short name of its loss')
    row.add_argument('--network', metavar='TEXT', help='short name of its network')
    row.add_argument('--input-size', metavar='WxH', help="size of the network's input, pixels")
    row.add_argument('--box', metavar='TEXT', help='how the face box is obtained and padded')
    row.add_argument('--weights', metavar='TEXT', help="which weights were tested, e.g. 'last epoch'")
    row.add_argument('--seed', metavar='N', help="seed of the training, or 'none' where it is not known")
    row.add_argument('--source', metavar='TEXT', help='where the code is, and at which version')
    row.add_argument('--train-images', metavar='N', help='number of training images')
    row.add_argument(
        '--recipe', metavar='TEXT', help='the same text for rows that differ in their loss alone (default: the others)'
    )
    row.add_argument(
        '--as-it-is', action='store_true', help='submit in spite of what seems to be wrong with the predictions'
    )
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit status: 0 scored, 1 refused, 2 wrong usage."""
    options = build_parser().parse_args(arguments)
    try:
        _run(options)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 2 if isinstance(error, UsageError) else 1
    return 0


def _run(options: argparse.Namespace) -> None:
    # Wrong usage and --help wait for no SciPy.
    from benchmark.scoring.display import print_score, score_data
    from benchmark.scoring.scored import score_file
    from benchmark.scoring.submission import check_name, submit
    from benchmark.verification.display import finding_lines

    if options.submit is not None:
        check_name(options.submit)
    given = _given(options)
    _check_paths(options)
    score = score_file(options.predictions, options.data_root, options.dataset, options.allow_incomplete)
    data = score_data(options.predictions, score, options.worst)
    if not options.json:
        print_score(score, options.worst)
    _say(options, score)
    if options.submit is not None:
        if score.finding and not options.as_it_is:
            _print(options, data)
            raise BenchmarkError(
                f'{options.predictions}: not submitted: {score.finding.what} (mend it, or submit it with --as-it-is)'
            )
        folders = options.results, options.reports, options.data_root
        path, verified = submit(options.submit, score, _answers(given, options.dataset), *folders)
        data['record'] = str(path)
        for line in finding_lines(verified):
            print(line, file=sys.stderr)
        print(f'wrote {path} and its predictions (show it with: python -m benchmark.report)', file=sys.stderr)
    _print(options, data)


def _check_paths(options: argparse.Namespace) -> None:
    if not options.predictions.exists():
        raise UsageError(f'{options.predictions}: no such file (name a file of predictions)')
    check_folder('--data-root', options.data_root, 'prepared data', DATA_ROOT)


def _print(options: argparse.Namespace, data: dict[str, object]) -> None:
    if options.json:
        print(json.dumps(data, indent=1, allow_nan=False))


def _say(options: argparse.Namespace, score: Score) -> None:
    lines = [f'{options.predictions}: read as {score.form}; {len(score.truth)} images, matched {score.how}']
    lines += [f'warning: left out: {score.left_out}'] if score.left_out else []
    lines += [f'warning: partial: {score.limit}'] if score.limit else []
    if score.finding:
        lines.append(f'WARNING: {score.finding.sentence(score.truth.benchmark.headline_normalizer)}')
        lines.append('WARNING: the numbers are of the predictions as they are; nothing was repaired')
    for line in lines:
        print(line, file=sys.stderr)


def _given(options: argparse.Namespace) -> dict[str, object]:
    """What was said of the predictions on the command line, by question.

    Raises:
        UsageError: an answer is none, something is said of a row that is not asked for, or something is not said where
            nobody can be asked.
    """
    from benchmark.scoring.submission import QUESTIONS, parse_answer

    texts = {key: getattr(options, key) for key in (*QUESTIONS, 'recipe') if getattr(options, key) is not None}
    if options.submit is None and (texts or options.as_it_is):
        raise UsageError(f'{_flag(next(iter(texts), "as_it_is"))} is said of a row (name it with --submit NAME)')
    given = {key: parse_answer(key, text, options.dataset) for key, text in texts.items()}
    missing = [_flag(key) for key in QUESTIONS if key not in given]
    if options.submit is not None and missing and not sys.stdin.isatty():
        raise UsageError(f'--submit also needs {", ".join(missing)} (without a terminal nothing is asked for)')
    return given


def _answers(given: dict[str, object], benchmark: str) -> Answers:
    """Ask for what was not given."""
    from benchmark.scoring.submission import QUESTIONS, Answers, parse_answer

    for key, question in QUESTIONS.items():
        while key not in given:
            print(f'{question}: ', end='', file=sys.stderr, flush=True)
            text = sys.stdin.readline()
            if not text:
                raise UsageError(f'{_flag(key)} was not answered; nothing was written')
            try:
                given[key] = parse_answer(key, text, benchmark)
            except UsageError as error:
                print(error, file=sys.stderr)
    return Answers(**given)


def _flag(key: str) -> str:
    return f'--{key.replace("_", "-")}'


def _count(text: str) -> int:
    number = int(text)
    if number < 0:
        raise argparse.ArgumentTypeError(f'{number} is negative')
    return number


if __name__ == '__main__':
    end(main)
