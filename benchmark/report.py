"""Build the pages from the records: python -m benchmark.report [--reports reports]."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmark.errors import BenchmarkError
from benchmark.site import build_reports, print_tables


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command.

    Returns:
        0 when the pages are written, 1 when a file is damaged or cannot be written; a usage error exits with 2.
    """
    parser = argparse.ArgumentParser(prog='python -m benchmark.report', description='Build the pages from the records.')
    parser.add_argument(
        '--reports', type=Path, default=Path('reports'), help='folder with records/ (default: %(default)s)'
    )
    parser.add_argument('--json', action='store_true', help='print the written paths as JSON on stdout')
    options = parser.parse_args(arguments)
    try:
        written = build_reports(options.reports)
        if options.json:
            print(json.dumps({'written': [str(path) for path in written]}))
        else:
            print_tables(options.reports)
    except BenchmarkError as error:
        print(f'error: {error}', file=sys.stderr)
        return 1
    for path in written:
        print(f'wrote {path}', file=sys.stderr)
    return 0


if __name__ == '__main__':
    sys.exit(main())
