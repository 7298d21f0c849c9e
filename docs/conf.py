"""How Sphinx makes the site: README.md, CONTRIBUTING.md, CHANGELOG.md, docs/, and reports/ as they are.

The folders of the site are those of the repository, so that links between files lead from page to page as well. The
reference is read from the source, which is not imported: neither PyTorch nor MMPose is needed.
"""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx

ROOT = Path(__file__).resolve().parents[1]

project = 'STAR loss benchmark'
version = re.search("__version__ = '(.+)'", (ROOT / 'benchmark' / '__init__.py').read_text())[1]
extensions = ['sphinx.ext.napoleon', 'myst_parser', 'autoapi.extension']

root_doc = 'README'
include_patterns = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'docs/**.md']
exclude_patterns = ['.*', 'benchmark', 'build', 'data', 'reports', 'results', 'tests', 'work_dirs']
highlight_language = 'text'
myst_heading_anchors = 3

autoapi_dirs = ['benchmark']
autoapi_ignore = ['*/suite/*', '*/site/*', '*/datasets/*', '*/verification/*', '*/audit/*', '*/findings/*']
autoapi_root = 'docs/api'
autoapi_generate_api_docs = False
autodoc_member_order = 'bysource'
add_module_names = False
python_use_unqualified_type_names = True
napoleon_use_ivar = True
napoleon_use_rtype = False
# It does not see names that are assigned several at a time.
suppress_warnings = ['autoapi.python_import_resolution']

html_theme = 'furo'
html_title = f'{project} {version}'
html_copy_source = False
html_show_copyright = False
templates_path = ['_templates']
html_sidebars = {
    '**': [
        'sidebar/brand.html',
        'sidebar/search.html',
        'sidebar/scroll-start.html',
        'leaderboards.html',
        'sidebar/navigation.html',
        'sidebar/scroll-end.html',
    ]
}

# README.md is read in the repository, too, where a table of contents of the site would not be understood.
CONTENTS = {
    'Use': [
        *('running', 'configurations', 'containers', 'clusters', 'speed'),
        *('predicting', 'packing', 'own_components', 'submitting', 'verifying'),
    ],
    'STAR loss elsewhere': ['star_in_pytorch', 'star_in_mmpose', 'star_in_official_code'],
    'Reference': ['definitions', 'footguns', 'records', 'study', 'paper'],
    'Python': ['api/models', 'api/protocol', 'api/records', 'api/analysis'],
    'Project': ['../CONTRIBUTING', '../CHANGELOG'],
}


def add_contents(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give the first page the contents of the site, which stand beside every page."""
    if docname == root_doc:
        for caption, pages in CONTENTS.items():
            entries = '\n'.join(f'docs/{page}' for page in pages)
            source[0] += f'\n\n```{{toctree}}\n:hidden:\n:caption: {caption}\n{entries}\n```\n'


def link_reports(app: Sphinx, doctree: nodes.document) -> None:
    """Lead links to reports/ to its pages; of a link to a folder, which has no page, only the words are left."""
    here = Path(app.env.doc2path(app.env.docname)).parent
    links = [*doctree.findall(addnodes.pending_xref), *doctree.findall(addnodes.download_reference)]
    for link in (link for link in links if link['reftype'] == 'myst'):
        # MyST names other documents from the root, and other files as they are written.
        target = ((ROOT if link['refdomain'] == 'doc' else here) / link['reftarget']).resolve()
        if target.is_dir():
            link.replace_self(link.children)
        elif target.is_relative_to(ROOT / 'reports'):
            page = target.with_name('index.html' if target.name == 'README' else f'{target.stem}.html')
            link.replace_self(nodes.reference('', '', *link.children, refuri=os.path.relpath(page, here)))


def skip_undocumented(app: Sphinx, what: str, name: str, member: Any, skip: bool, options: dict) -> bool | None:
    """Leave out what has no docstring, such as fields that the docstring of their class describes."""
    return None if member.docstring else True


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Put the pages of the results and an index.html into the site."""
    if exception is None:
        shutil.copytree(ROOT / 'reports', app.outdir / 'reports', dirs_exist_ok=True)
        shutil.copy(app.outdir / f'{root_doc}.html', app.outdir / 'index.html')


def setup(app: Sphinx) -> None:
    """Register what happens besides."""
    app.connect('source-read', add_contents)
    # Before Sphinx notes which files are to be downloaded.
    app.connect('doctree-read', link_reports, priority=100)
    app.connect('autodoc-skip-member', skip_undocumented)
    app.connect('build-finished', finish)
