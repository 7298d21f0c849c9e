from __future__ import annotations

import pytest

from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.seeds_table import caveat, needed_data, seeds_table


@pytest.fixture
def needed(factory, sections):
    def found(seeds):
        for loss in ('smooth-L1', 'STAR', 'Wing'):
            for seed in range(seeds):
                factory.add('synthetic-29', loss, seed, error=0.04 + 0.002 * ((seed + len(loss)) % 3))
        return Analysis(sections()[0], Store()).seeds_needed

    return found


def test_each_star_row_stands_against_its_baseline_alone(needed):
    table = seeds_table('Faces', needed(3))
    assert [line.cells[0].text for line in table.bodies[0]] == ['STAR against smooth-L1']
    assert [column.label for column in table.columns[-3:]] == [f'of {size} % of the NME' for size in (1, 2, 5)]


def test_larger_differences_take_no_more_seeds(needed):
    (found,) = needed(3)
    sizes = dict(zip(found.effects, found.seeds, strict=True))
    counts = [sizes[size] or 10**6 for size in sorted(sizes)]
    assert counts == sorted(counts, reverse=True) and counts[-1] >= 3
    assert found.effects[1] == pytest.approx(found.reference / 100)


def test_caveat_says_on_how_many_seeds_the_spread_rests(needed):
    assert caveat(needed(3)).startswith('The spread is estimated from 3 seeds: the true one may be 0.5 to 6.3 times')


def test_nothing_is_said_of_two_seeds(needed):
    assert needed(2) == () and seeds_table('Faces', ()) is None


def test_data_have_null_where_no_number_of_seeds_suffices(needed):
    (found,) = needed(3)
    data = needed_data(found)
    assert [one['seeds'] for one in data['needed']] == list(found.seeds) and data['seeds'] == [0, 1, 2]
