"""What catalogues of software read, ``codemeta.json`` and ``.zenodo.json``, from CITATION.cff and pyproject.toml.

python -m tests.metadata writes both files.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import tomllib
import yaml

import benchmark

ROOT = Path(__file__).resolve().parents[1]


def citation() -> dict[str, Any]:
    return yaml.safe_load((ROOT / 'CITATION.cff').read_text())


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / 'pyproject.toml').read_text())['project']


def codemeta() -> dict[str, Any]:
    cited, (paper,) = citation(), citation()['references']
    return {
        '@context': 'https://w3id.org/codemeta/3.0',
        'type': 'SoftwareSourceCode',
        'name': cited['title'],
        'description': project()['description'],
        'version': benchmark.__version__,
        'datePublished': str(cited['date-released']),
        'license': f'https://spdx.org/licenses/{cited["license"]}',
        'author': [{'type': 'Organization', 'name': author['name']} for author in cited['authors']],
        'keywords': cited['keywords'],
        'programmingLanguage': {'type': 'ComputerLanguage', 'name': 'Python', 'version': project()['requires-python']},
        'referencePublication': {
            'type': 'ScholarlyArticle',
            'name': paper['title'],
            'author': [
                {'type': 'Person', 'givenName': author['given-names'], 'familyName': author['family-names']}
                for author in paper['authors']
            ],
            'datePublished': str(paper['year']),
            'isPartOf': {'type': 'PublicationVolume', 'name': paper['collection-title']},
            'identifier': [identifier['value'] for identifier in paper['identifiers']],
        },
    }


def zenodo() -> dict[str, Any]:
    cited, (paper,) = citation(), citation()['references']
    return {
        'upload_type': 'software',
        'title': cited['title'],
        'description': project()['description'],
        'version': benchmark.__version__,
        'license': cited['license'],
        'creators': [{'name': author['name']} for author in cited['authors']],
        'keywords': cited['keywords'],
        'related_identifiers': [
            {'identifier': identifier['value'], 'relation': 'cites'} for identifier in paper['identifiers']
        ],
    }


FILES = {ROOT / 'codemeta.json': codemeta, ROOT / '.zenodo.json': zenodo}


if __name__ == '__main__':
    for path, content in FILES.items():
        path.write_text(json.dumps(content(), indent=2) + '\n')
