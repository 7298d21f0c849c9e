"""What was found of components, as tables and as data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from benchmark.console.columns import empty_table
from benchmark.suite.contract.findings import Examined

SCHEMA_VERSION = 1
_STYLES = {'pass': 'green', 'fail': 'bold red', 'note': 'yellow', 'skipped': 'dim'}


def print_examined(one: Examined, console: Console | None = None) -> None:
    """Print a table with a line for each check, and the counts below it.

    Args:
        one: a component with what was found.
        console: where to print, by default standard output.
    """
    console = console or Console()
    options = f' with {", ".join(f"{key}={value!r}" for key, value in one.options.items())}' if one.options else ''
    console.print(Text(f'{one.name}{options} ({one.file}), checked as {one.kind}', style='bold'))
    table = empty_table()
    for name in ('Check', 'Verdict'):
        table.add_column(name, no_wrap=True)
    table.add_column('What was found', overflow='fold')
    for check, outcome in one.outcomes.items():
        table.add_row(check, Text(outcome.verdict, style=_STYLES[outcome.verdict]), Text(outcome.text))
    console.print(table)


def to_data(examined: Sequence[Examined]) -> dict[str, object]:
    """The same for programs."""
    return {
        'schema_version': SCHEMA_VERSION,
        'components': [
            {
                'name': one.name,
                'file': one.file,
                'kind': one.kind,
                'options': {key: repr(value) for key, value in one.options.items()},
                'checks': [
                    {'check': check, 'verdict': outcome.verdict, 'text': outcome.text}
                    for check, outcome in one.outcomes.items()
                ],
            }
            for one in examined
        ],
        'holds': not any(one.failed for one in examined),
    }


def summary(one: Examined) -> str:
    """One line: how many checks ended how, and which failed."""
    counts = Counter(outcome.verdict for outcome in one.outcomes.values())
    told = ', '.join(f'{counts[verdict]} {verdict}' for verdict in _STYLES if counts[verdict])
    return f'{one.name}: {told}' + (f' (failed: {", ".join(one.failed)})' if one.failed else '')
