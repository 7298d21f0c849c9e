"""What jobs cost, by data set and recipe: hours of a device, and money."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmark.suite.estimate import Estimate
from benchmark.suite.job_times import Figure, network_of
from benchmark.suite.paces import network_name
from benchmark.suite.planning import Job

_HOURS = {'cpu': 'core hours', 'cuda': 'GPU hours'}
_MEANING = {
    'cpu': 'images: of training + test; core hours: of one thread of a processor, all trainings of a line together',
    'cuda': 'images: of training + test; GPU hours: of one GPU, all trainings of a line together',
}


@dataclass(frozen=True)
class Line:
    """Trainings of one recipe on one data set that go equally fast.

    Attributes:
        data: name of the data set.
        recipe: network, input size, precision and epochs, in words.
        trainings: number of them.
        figure: how long one of them takes.
    """

    data: str
    recipe: str
    trainings: int
    figure: Figure

    @property
    def device_hours(self) -> float | None:
        """Hours of one device, all of them together; None where they are not known."""
        hours = self.figure.device_hours
        return None if hours is None else self.trainings * hours


def cost_lines(jobs: Sequence[Job], times: Estimate) -> list[Line]:
    """One line a data set and recipe, in the order of the jobs; jobs that are not to be run are left out.

    Args:
        jobs: the jobs.
        times: how long each takes, in the same order.
    """
    counted: dict[tuple[str, str, Figure], int] = {}
    for place in times.running:
        experiment = jobs[place].experiment
        recipe = f'{network_name(network_of(experiment))}, {experiment.epochs} epochs'
        key = experiment.benchmark, recipe, times.figures[place]
        counted[key] = counted.get(key, 0) + 1
    return [Line(data, recipe, count, figure) for (data, recipe, figure), count in counted.items()]


def numbers_of(times: Estimate, price: float | None = None) -> list[dict[str, object]]:
    """What is known of each job, for JSON; None where it is not known.

    Args:
        times: how long each job takes.
        price: money for an hour of a device; None: nothing is said of money.
    """
    return [_numbers(figure, price) for figure in times.figures]


def _numbers(figure: Figure, price: float | None) -> dict[str, object]:
    pace, hours = figure.pace, figure.device_hours
    train, test = figure.images if pace else (None, None)
    numbers = {
        'seconds': figure.seconds and round(figure.seconds, 1),
        'train_images': train,
        'test_images': test,
        'images_per_second': pace and 1 / pace.train,
        'source': figure.source,
        'device_hours': hours,
    }
    return numbers if price is None else {**numbers, 'cost': None if hours is None else hours * price}


def cost_table(lines: Sequence[Line], device: str, price: float | None = None) -> list[str]:
    """The lines as a table, with their sum, and below it what the columns mean.

    Args:
        lines: at least one.
        device: 'cpu' or 'cuda'.
        price: money for an hour of a device; None: no column of costs.
    """
    head = ['data', 'recipe', 'trainings', 'images', 'images/s', 'measured by', _HOURS[device], 'cost']
    rows = [_row(line, price) for line in lines]
    known = [line.device_hours for line in lines if line.device_hours is not None]
    trainings = sum(line.trainings for line in lines)
    rows.append(['all', '', str(trainings), '', '', '', _number(sum(known)), _money(sum(known), price)])
    table = [head, *rows] if price is not None else [row[:-1] for row in (head, *rows)]
    widths = [max(len(row[place]) for row in table) for place in range(len(table[0]))]
    words = {place for place, title in enumerate(head) if title in ('data', 'recipe', 'measured by')}
    lined = [
        '  '.join(
            cell.ljust(width) if place in words else cell.rjust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in table
    ]
    unknown = sum(line.trainings for line in lines if line.device_hours is None)
    return [*lined, _MEANING[device], *([f'{unknown} of {trainings} trainings not counted'] if unknown else [])]


def _row(line: Line, price: float | None) -> list[str]:
    figure = line.figure
    told = [line.data, line.recipe, str(line.trainings)]
    if figure.pace is None:
        return [*told, '', '', 'not known', '', '']
    images, hours = f'{figure.images[0]} + {figure.images[1]}', line.device_hours
    return [*told, images, _number(1 / figure.pace.train), figure.basis, _number(hours), _money(hours, price)]


def _number(value: float) -> str:
    """Three digits, and all of those before the point.

    >>> [_number(value) for value in (0.0123, 0.456, 12.34, 1234.5)]
    ['0.0123', '0.456', '12.3', '1,234']
    """
    if value >= 100 or value == 0:
        return f'{value:,.0f}'
    return f'{value:#.3g}'


def _money(hours: float, price: float | None) -> str:
    return '' if price is None else f'{hours * price:,.2f}'
