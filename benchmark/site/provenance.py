"""Where the numbers of a row come from: data, weights, settings, device, versions."""

from __future__ import annotations

from benchmark.site.rows import Row, seed_text
from benchmark.site.tables import Cell, Column, Line, Table
from benchmark.suite.records import Environment, GivenWeights, Pretrained, Settings


def provenance_table(row: Row) -> Table:
    """Where the numbers of a row come from, one column per seed."""
    facts = []
    for run in row.runs:
        record, data, made = run.record, run.record.dataset, run.record.environment
        commit = made and made.git_commit
        facts.append(
            {
                'Record': run.path.name,
                'Status': record.status if not record.reason else f'{record.status}: {record.reason}',
                'Created': record.created,
                'Fingerprint': record.fingerprint,
                'Recipe': record.recipe,
                'Data': data and f'{data.train_images} training, {data.test_images} test images; {data.fingerprint}',
                'Commit': commit and commit + (' with local changes' if made.git_dirty else ''),
                'Device': made and _device(made),
                'Settings': record.settings and _settings(record.settings),
                'Pretrained': record.pretrained and _pretrained(record.pretrained),
                'Weights': record.weights and _weights(record.weights),
                'Driver': made and made.driver,
                'Python': made and made.python,
                'Packages': made and ', '.join(f'{name} {v}' for name, v in sorted(made.packages.items())),
                'Predictions': record.predictions,
            }
        )
    columns = (Column('', numeric=False), *(Column(seed_text(run.record), numeric=False) for run in row.runs))
    lines = tuple(
        Line((Cell(key), *(Cell(fact[key]) if fact[key] else Cell() for fact in facts)))
        for key in facts[0]
        if any(fact[key] for fact in facts)
    )
    return Table(f'{row.record.name}: {row.record.loss}, {row.network}', columns, (lines,))


def _device(made: Environment) -> str:
    shared = f'{made.processes} processes, ' if made.processes > 1 else ''
    return f'{made.device_name} ({made.device}), {shared}{made.threads} threads, {made.precision}'


def _settings(chosen: Settings) -> str:
    switches = {
        f'{chosen.accumulation} batches added up': chosen.accumulation > 1,
        'channels last': chosen.channels_last,
        'compiled': chosen.compiled,
        'gradient checkpointing': chosen.gradient_checkpointing,
    }
    return ', '.join([f'{chosen.images_per_step} images a step', *(name for name, on in switches.items() if on)])


def _pretrained(wanted: Pretrained) -> str:
    if wanted.file is None:
        return f'none: random weights instead of {wanted.name}'
    return f'{wanted.file}, SHA-256 {wanted.sha256}'


def _weights(given: GivenWeights) -> str:
    source = f', converted from {given.converted_part} of {given.converted_from}' if given.converted_from else ''
    return f'{given.origin}: {given.file}, SHA-256 {given.sha256}{source}'
