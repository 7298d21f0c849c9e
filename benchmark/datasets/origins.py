"""Where the authors of each dataset give it away, and under which terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Origin:
    """Where a dataset comes from.

    Attributes:
        paper: the publication to cite.
        pages: pages of the authors that lead to the files.
        files: what to get there.
        terms: the authors' conditions, in short; the page has them in full.
    """

    paper: str
    pages: tuple[str, ...]
    files: str
    terms: str

    def lines(self) -> list[str]:
        """The same as text."""
        return [
            f'paper:  {self.paper}',
            *(f'page:   {page}' for page in self.pages),
            f'files:  {self.files}',
            f'terms:  {self.terms}',
        ]


ORIGINS: Mapping[str, Origin] = {
    'cofw': Origin(
        paper='X. P. Burgos-Artizzu, P. Perona, P. Dollar: Robust face landmark estimation under occlusion, ICCV 2013',
        pages=('https://data.caltech.edu/records/bc0bf-nc666', 'http://www.vision.caltech.edu/xpburgos/ICCV13/'),
        files='the color images: COFW_color.zip, which holds COFW_train_color.mat and COFW_test_color.mat',
        terms='for research; the rights in the photographs remain with their owners; cite the paper',
    ),
    '300w': Origin(
        paper='C. Sagonas, G. Tzimiropoulos, S. Zafeiriou, M. Pantic: 300 Faces in-the-Wild Challenge, ICCVW 2013',
        pages=(
            'https://ibug.doc.ic.ac.uk/resources/facial-point-annotations/',
            'https://ibug.doc.ic.ac.uk/resources/300-W/',
        ),
        files='afw.zip, helen.zip, lfpw.zip and ibug.zip, photographs with a .pts file beside each; not 300w.zip',
        terms='for research only, no commercial use; AFW, HELEN and LFPW have terms of their own; cite the papers',
    ),
    'wflw': Origin(
        paper='W. Wu, C. Qian, S. Yang, Q. Wang, Y. Cai, Q. Zhou: Look at Boundary, CVPR 2018',
        pages=('https://wywu.github.io/projects/LAB/WFLW.html',),
        files='WFLW_images.tar.gz and WFLW_annotations.tar.gz',
        terms='for non-commercial research only; the photographs come from WIDER FACE; cite the paper',
    ),
}
