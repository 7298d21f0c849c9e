from __future__ import annotations

import re

from benchmark.site.pages.links import page_links


def test_every_row_has_a_page_of_its_own_with_a_plain_name(factory, sections):
    factory.add('synthetic-29', name='plain')
    factory.add('synthetic-29', name='PLAIN', recipe='c')
    for number, name in enumerate(('../../etc/<b>x', '..')):
        path = factory.reports / 'records' / factory.add('300w', name=f'to-be-renamed-{number}').file_name
        path.write_text(path.read_text().replace(f'"name": "to-be-renamed-{number}"', f'"name": "{name}"'))
    links = page_links(sections())
    assert len(set(map(str.casefold, links.values()))) == 4
    assert all(re.fullmatch(r'experiments/[A-Za-z0-9_-][A-Za-z0-9._-]*\.html', link) for link in links.values())


def test_the_current_configuration_keeps_the_plain_name(factory, sections):
    factory.add('synthetic-29', name='a', seed=1, version='1', recipe='old', created='2026-11-24T10:00:00Z')
    factory.add('synthetic-29', name='a', version='2', recipe='new', created='2026-11-25T10:00:00Z')
    links = {row.outdated: link for row, link in page_links(sections()).items()}
    assert links[False] == 'experiments/a.html'
    assert re.fullmatch(r'experiments/a-[0-9a-f]{8}\.html', links[True])
