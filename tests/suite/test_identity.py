from __future__ import annotations

from pathlib import Path

import pytest

from benchmark.suite.experiments import load_experiment
from benchmark.suite.identity import differences

CONFIGS = Path(__file__).resolve().parents[2] / 'mmpose_configs'
BASELINE = CONFIGS / '300w' / 'td-softargmax_res18w16-fpn-smoothl1_16b-80e_300w-128x128.py'
MINE = (
    f"_base_ = '{BASELINE}'\n"
    "custom_imports = dict(imports=['benchmark.models', 'my_loss'], allow_failed_imports=False)\n"
    "model = dict(head=dict(loss=dict(_delete_=True, type='MyLoss')))\n"
)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """A configuration with a loss of one's own, in ``my_loss.py``."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / 'my_loss.py').write_text('class MyLoss:\n    scale = 1\n')
    (tmp_path / 'mine.py').write_text(MINE)
    return tmp_path / 'mine.py'


def test_everything_that_makes_a_number_is_in_the_fingerprint(mine):
    one, other = load_experiment(BASELINE), load_experiment(mine)
    identities = [
        experiment.identify(data, device, weights)
        for experiment in (one, other)
        for data in ('a', 'b')
        for device in ('cpu', 'cuda')
        for weights in (None, 'final 00')
    ]
    assert len({identity.experiment for identity in identities}) == len(identities) == 16
    assert len({identity.fingerprint(seed) for identity in identities for seed in (None, 0, 1)}) == 48


def test_edited_loss_is_another_experiment_of_the_same_recipe(mine):
    before = load_experiment(mine).identify('a', 'cpu')
    assert before.recipe == load_experiment(BASELINE).identify('a', 'cpu').recipe
    mine.with_name('my_loss.py').write_text('class MyLoss:\n    scale = 2\n')
    after = load_experiment(mine).identify('a', 'cpu')
    assert (before.experiment != after.experiment, before.recipe == after.recipe) == (True, True)
    assert list(differences(before.parts, after.parts)) == ['component my_loss']


def test_edited_network_is_another_recipe(mine):
    text = MINE.replace("'my_loss'", "'my_loss', 'my_network'")
    mine.write_text(text)
    mine.with_name('my_network.py').write_text('class MyNetwork:\n    width = 1\n')
    before = load_experiment(mine).identify('a', 'cpu')
    mine.with_name('my_network.py').write_text('class MyNetwork:\n    width = 2\n')
    after = load_experiment(mine).identify('a', 'cpu')
    assert (before.experiment != after.experiment, before.recipe != after.recipe) == (True, True)


def test_recipe_depends_on_data_and_device():
    experiment = load_experiment(BASELINE)
    recipes = {experiment.identify(data, device).recipe for data in ('a', 'b') for device in ('cpu', 'cuda')}
    assert len(recipes) == 4


def test_what_differs_is_named(mine):
    one, other = load_experiment(BASELINE).identify('a', 'cpu'), load_experiment(mine).identify('b', 'cuda')
    assert list(differences(one.parts, other.parts)) == ['configuration', 'component my_loss', 'data', 'device']
    assert list(differences(one.parts, one.parts)) == []
