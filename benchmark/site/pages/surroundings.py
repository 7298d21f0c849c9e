"""Where and with what a result was made, in words."""

from __future__ import annotations

from collections.abc import Sequence

from benchmark.records.parts import Environment, Part
from benchmark.site.tables import NOT_KNOWN


def device_text(made: Environment) -> str:
    """Processor or GPU, processes, threads and precision."""
    shared = f'{made.processes} processes, ' if made.processes > 1 else ''
    return f'{made.device_name} ({made.device}), {shared}{made.threads} threads, {made.precision}'


def arithmetic_text(made: Environment) -> str:
    """Kernels, TF32 and determinism in words; nothing of what a record does not say."""
    said = [f'{made.kernels} kernels'] if made.kernels else []
    if made.tf32 is not None:
        said.append('TF32' if made.tf32 else 'no TF32')
    if chosen := made.determinism:
        said.append('deterministic algorithms' + ('' if chosen.algorithms else ' not enforced'))
        if made.device != 'cpu':
            said.append('cuDNN deterministic' if chosen.cudnn else 'cuDNN not deterministic')
        if chosen.cudnn_benchmark:
            said.append('cuDNN chooses by timing')
    return ', '.join(said)


def packages_text(made: Environment) -> str:
    """Packages with their versions."""
    return ', '.join(f'{name} {found}' for name, found in sorted(made.packages.items()))


def commit_text(made: Environment) -> str | None:
    """The commit, and whether code differed from it; None outside a checkout."""
    return made.git_commit and made.git_commit + (' with local changes' if made.git_dirty else '')


def parts_text(parts: Sequence[Part]) -> str:
    """In how many parts a result was trained, and in what their surroundings differ.

    Args:
        parts: of a record, at least one.
    """
    facts = [_facts(part.environment) for part in parts]
    shared = {fact for fact in facts[0] if all(fact in other for other in facts)}
    trained = f'trained in {len(parts)} part{"" if len(parts) == 1 else "s"}'
    spans = [f'epochs {part.first_epoch} to {part.last_epoch}' for part in parts]
    differing = [[fact for fact in one if fact not in shared] for one in facts]
    if not any(differing):
        return f'{trained} on {facts[0][0]}, with the same code and versions: {", ".join(spans)}'
    told = [': '.join(filter(None, (span, ', '.join(one)))) for span, one in zip(spans, differing, strict=True)]
    return f'{trained}; {"; ".join(told)}'


def _facts(made: Environment | None) -> list[str]:
    """What numbers may depend on, the device first."""
    if made is None:
        return [NOT_KNOWN]
    driver, commit = made.driver and f'driver {made.driver}', commit_text(made)
    packages = [f'{name} {found}' for name, found in sorted(made.packages.items())]
    versions = driver, f'Python {made.python}', *packages, commit and f'commit {commit}'
    return [fact for fact in (device_text(made), arithmetic_text(made), *versions) if fact]
