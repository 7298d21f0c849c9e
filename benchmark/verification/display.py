"""What was verified, as text and as data."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from benchmark.verification.records import Verified

# What no check of files can catch.
LIMITS = (
    'predictions that were moved towards the truth, or made from it, where nobody has the original, the data are not '
    'at hand and all hashes were made anew: only training again tells',
    "cost, environment, seed and configuration are the submitter's word, unless a training repeats them",
)


def to_text(verified: Sequence[Verified]) -> Iterator[str]:
    """Lines: each record with what does not hold and what does, the counts, and what cannot be caught."""
    for one in verified:
        yield f'{one.path}: {"refused" if one.refused else "holds"}'
        yield from (f'  {line}' for line in finding_lines(one))
        if one.holding:
            yield f'  checked: {", ".join(one.holding)}'
    counts = summary(verified)
    yield (
        f'{counts["records"]} records: {counts["holding"]} hold, {counts["refused"]} refused; '
        f'{counts["faults"]} faults, {counts["flags"]} flags for a person, {counts["notes"]} notes'
    )
    yield 'Not to be caught by this command:'
    for limit in LIMITS:
        yield f'  - {limit}'


def finding_lines(verified: Verified) -> Iterator[str]:
    """A line for each finding of a record, without the record's name; of files in its folder the names alone."""
    for finding in verified.findings:
        text = finding.text.removeprefix(f'{verified.path}: ').replace(f'{verified.path.parent}/', '')
        yield f'{finding.severity} [{finding.code}] {text}'


def to_data(verified: Sequence[Verified]) -> dict[str, object]:
    """The same for programs."""
    return {
        'records': [
            {
                'path': str(one.path),
                'holds': not one.refused,
                'checked': one.holding,
                'findings': [
                    {'code': finding.code, 'severity': finding.severity, 'text': finding.text}
                    for finding in one.findings
                ],
            }
            for one in verified
        ],
        'summary': summary(verified),
        'limits': list(LIMITS),
    }


def summary(verified: Sequence[Verified]) -> dict[str, int]:
    """Numbers of records and of findings."""
    kinds = [finding.severity for one in verified for finding in one.findings]
    refused = sum(one.refused for one in verified)
    return {
        'records': len(verified),
        'holding': len(verified) - refused,
        'refused': refused,
        **{f'{kind}s': kinds.count(kind) for kind in ('fault', 'flag', 'note')},
    }
