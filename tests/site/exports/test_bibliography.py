from __future__ import annotations

import re

import pytest
import yaml

from benchmark import __version__
from benchmark.protocol.claims import load_claims
from benchmark.site.exports import bibliography


@pytest.fixture(scope='module')
def entries() -> dict[str, dict[str, str]]:
    found = {}
    for kind, key, body in re.findall(r'^@(\w+)\{(\w+),\n(.*?)^\}', bibliography(), flags=re.MULTILINE | re.DOTALL):
        fields = dict(re.findall(r'^  (\w+) = \{(.*)\},$', body, flags=re.MULTILINE))
        assert len(fields) == body.count('\n')
        assert key not in found
        found[key] = {'kind': kind, **{name: text.strip('{}') for name, text in fields.items()}}
    return found


def test_this_benchmark_and_the_paper_are_those_of_the_citation_file(entries, root):
    citation = yaml.safe_load((root / 'CITATION.cff').read_text())
    mine = entries['starbenchmark']
    assert mine['title'] == citation['title']
    assert mine['note'] == f'Version {__version__}' == f'Version {citation["version"]}'
    assert mine['year'] == str(citation['date-released'].year)
    assert mine['author'] == citation['authors'][0]['name']
    paper, star = citation['references'][0], entries['zhou2023star']
    assert (star['title'], star['year']) == (paper['title'], str(paper['year']))
    authors = ' and '.join(f'{one["family-names"]}, {one["given-names"]}' for one in paper['authors'])
    assert star['author'] == authors


def test_every_entry_is_complete(entries):
    assert {'burgosartizzu2013cofw', 'sagonas2013challenge', 'wu2018wflw'} < entries.keys()
    for key, entry in entries.items():
        assert {'title', 'author', 'year'} < entry.keys(), key
        assert entry['kind'] == 'misc' or {'booktitle', 'journal'} & entry.keys(), key
        assert str(entry['year']) in key or key == 'starbenchmark'


def test_years_are_those_of_the_published_figures(entries):
    years = {method: year for method, year in load_claims()[['method', 'year']].itertuples(index=False)}
    known = {'wing': 'Wing', 'awing': 'AWing', 'adnet': 'ADNet', 'luvli': 'LUVLi', 'spiga': 'SPIGA', 'avs': 'AVS+SAN'}
    known |= {'slpt': 'SLPT', 'farl': 'FaRL', 'pipnet': 'PIPNet', 'star': 'STAR'}
    for key, entry in entries.items():
        method = known.get(re.sub(r'^.*\d{4}', '', key))
        if method:
            assert int(entry['year']) == years[method], key


def test_file_is_plain_ascii():
    assert bibliography().isascii() and 'VERSION' not in bibliography()
