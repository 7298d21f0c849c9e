from __future__ import annotations

from pathlib import Path

import yaml

from benchmark.analysis.runs import read_runs
from benchmark.analysis.sections import make_sections
from benchmark.analysis.standings import Analysis
from benchmark.analysis.store import Store
from benchmark.site.exports.metafile import COLLECTION, metafile

ROOT = Path(__file__).resolve().parents[3]
INDEX = ROOT / 'model-index.yml'


def test_every_row_with_a_result_is_listed_with_its_numbers():
    store = Store()
    for section in make_sections(read_runs([ROOT / 'reports'], store)):
        analysis = Analysis(section, store)
        models = yaml.safe_load(metafile(analysis))['Models']
        done = [row for row in section.rows if row.done and not row.outdated]
        assert [model['Name'] for model in models] == [row.label for row in done]
        headline = analysis.measures[0]
        for model, row in zip(models, done, strict=True):
            name = f'{headline.metric_label} {headline.subset} ({headline.normalizer})'
            assert model['Results'][0]['Metrics'][name] == round(analysis.summary(row, headline).mean, 2)
            assert model['In Collection'] == COLLECTION


def test_index_imports_the_leaderboards_that_have_a_row():
    index = yaml.safe_load(INDEX.read_text())
    assert [one['Name'] for one in index['Collections']] == [COLLECTION]
    exports = {f'reports/exports/{path.name}' for path in (ROOT / 'reports' / 'exports').glob('*.yml')}
    empty = {path for path in exports if not yaml.safe_load((ROOT / path).read_text())['Models']}
    assert set(index['Import']) == exports - empty
