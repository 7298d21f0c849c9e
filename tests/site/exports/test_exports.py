from __future__ import annotations

from benchmark.protocol.benchmarks import BENCHMARKS
from benchmark.site.exports import EXPORTS, export_files, export_links


def test_every_button_leads_to_a_file(filled_views):
    for view in filled_views.values():
        files = export_files(view)
        assert [path for _, path in export_links(view.benchmark)] == list(files)
        assert all(text.endswith('\n') for text in files.values())


def test_labels_are_those_of_the_formats():
    assert [label for label, _ in export_links(BENCHMARKS['300w'])] == list(EXPORTS)
    assert dict(export_links(BENCHMARKS['300w'])) == {
        'CSV': 'exports/300w.csv',
        'JSON': 'exports/300w.json',
        'LaTeX': 'exports/300w.tex',
        'BibTeX': 'exports/references.bib',
        'OpenMMLab': 'exports/300w.yml',
    }


def test_benchmarks_share_the_bibliography(filled_views):
    assert len({export_files(view)['exports/references.bib'] for view in filled_views.values()}) == 1
