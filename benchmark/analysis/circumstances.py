"""Under which circumstances two sets of runs came about, so far as their numbers may depend on them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from benchmark.records.record import Record


def circumstances(ours: Sequence[Record], theirs: Sequence[Record]) -> tuple[str, ...]:
    """In what some runs were made otherwise than others, in words.

    Args:
        ours: records of runs of one experiment.
        theirs: those of others of the same experiment.

    Returns:
        For what is known of both and differs a phrase each, e.g. 'AVX2 instead of AVX512 kernels': device, kernels,
        threads, precision, versions of packages; and whether drawn pictures differ by what rounding does.
    """
    here, there = ([made for one in side for made in one.environments] for side in (ours, theirs))
    found = [
        _change((one.device_name for one in here), (one.device_name for one in there), 'on {} instead of {}'),
        _change((one.kernels for one in here), (one.kernels for one in there), '{} instead of {} kernels'),
        _change((one.threads for one in here), (one.threads for one in there), '{} instead of {} threads'),
        _change((one.precision for one in here), (one.precision for one in there), '{} instead of {}'),
    ]
    for package in sorted({name for one in here for name in one.packages}):
        versions = ([one.packages.get(package) for one in side] for side in (here, there))
        found.append(_change(*versions, f'{package} {{}} instead of {{}}'))
    if _differ_in_rounding(ours, theirs):
        found.append('drawn pictures differ by rounding')
    return tuple(filter(None, found))


def _change(ours: Iterable[object], theirs: Iterable[object], text: str) -> str:
    """What is so here and not there; nothing where either is not known."""
    sides = [sorted({str(value) for value in side if value is not None}) for side in (ours, theirs)]
    return text.format(*map(' and '.join, sides)) if all(sides) and sides[0] != sides[1] else ''


def _differ_in_rounding(ours: Sequence[Record], theirs: Sequence[Record]) -> bool:
    """Whether the same data were drawn with other pixels."""
    data = [[one.dataset for one in side if one.dataset] for side in (ours, theirs)]
    same = len({one.fingerprint for side in data for one in side}) == 1
    pixels = [{one.pixels for one in side if one.pixels} for side in data]
    return same and all(pixels) and pixels[0] != pixels[1]
