"""Drawn figures read back as XML."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from benchmark.protocol.layouts import LAYOUTS, Layout
from benchmark.site.figures import (
    Curve,
    Effect,
    Face,
    Figure,
    TrainingCurve,
    ambiguity_ellipses,
    error_curves,
    faces,
    forest_plot,
    landmark_errors,
    training_curves,
)

SVG = '{http://www.w3.org/2000/svg}'


class Drawn:
    """A parsed SVG; everything is addressed without the figure's own prefix."""

    def __init__(self, figure: Figure) -> None:
        self.name, self.root = figure.name, ElementTree.fromstring(figure.svg)

    def group(self, gid: str) -> ElementTree.Element:
        return next(element for element in self.root.iter(f'{SVG}g') if element.get('id') == f'{self.name}-{gid}')

    def ids(self) -> list[str]:
        return [element.get('id') for element in self.root.iter() if element.get('id')]

    def texts(self) -> list[str]:
        return [element.text for element in self.root.iter(f'{SVG}text')]

    def elements(self, gid: str, tag: str) -> list[ElementTree.Element]:
        return list(self.group(gid).iter(SVG + tag))

    def places(self, gid: str, tag: str, *attributes: str) -> NDArray:
        """(N, A) numbers in the attributes of every element of a group."""
        elements = self.elements(gid, tag)
        return np.array([[float(element.get(name)) for name in attributes] for element in elements])

    def lines(self, gid: str) -> list[NDArray]:
        """Vertices, (P, 2) each, of every piece of the path in a group."""
        (path,) = self.elements(gid, 'path')
        pieces = [piece for piece in path.get('d').split('M') if piece.strip()]
        return [np.array(re.findall(r'(-?[\d.]+) (-?[\d.]+)', piece), dtype=float) for piece in pieces]

    def style(self, gid: str) -> str:
        """Style of a group itself or of the one path in it."""
        return self.group(gid).get('style') or self.elements(gid, 'path')[0].get('style')


def similarity(source: NDArray, target: NDArray) -> tuple[float, NDArray]:
    """Factor and offset that take ``source`` to ``target``, both (N, 2), checked to fit within the rounding."""
    factor = np.ptp(target, axis=0).max() / np.ptp(source, axis=0).max()
    offset = target.mean(axis=0) - factor * source.mean(axis=0)
    np.testing.assert_allclose(factor * source + offset, target, atol=0.05)
    return factor, offset


@pytest.fixture(scope='session')
def read() -> type[Drawn]:
    return Drawn


@pytest.fixture(scope='session')
def fit_similarity() -> Callable[[NDArray, NDArray], tuple[float, NDArray]]:
    return similarity


@pytest.fixture(scope='session')
def layouts() -> dict[str, Layout]:
    return dict(LAYOUTS)


@pytest.fixture(scope='session')
def shape() -> Callable[[Layout], NDArray]:
    """Distinct landmarks, (K, 2), wider than high."""

    def make(layout: Layout) -> NDArray:
        return np.random.default_rng(layout.num_landmarks).uniform([10, 20], [210, 200], (layout.num_landmarks, 2))

    return make


@pytest.fixture(scope='session')
def kinds(shape) -> dict[str, Callable[[str, str, str], Figure]]:
    """Every kind of figure as a function of name, title and the label of a record that it shows."""
    rng = np.random.default_rng(0)
    layout = LAYOUTS['cofw']
    points, errors = shape(layout), rng.uniform(1, 5, 29)
    covariances = np.column_stack([rng.uniform(2, 3, 29), rng.uniform(-1, 1, 29), rng.uniform(2, 3, 29)])
    epochs = np.arange(1, 21)
    return {
        'error curves': lambda name, title, label: error_curves(
            name, title, [Curve(label, rng_errors(), 0, True), Curve('other', rng_errors(), 0, False)], 'inter-ocular'
        ),
        'forest': lambda name, title, label: forest_plot(name, title, [Effect(label, -0.1, -0.2, -0.05, 'group', 'n')]),
        'landmark errors': lambda name, title, label: landmark_errors(
            name, title, points, layout, errors, errors[::-1], label
        ),
        'ellipses': lambda name, title, label: ambiguity_ellipses(
            name, title, points, layout, {label: covariances, 'other': covariances}, covariances
        ),
        'faces': lambda name, title, label: faces(name, title, [Face(label, points, errors, points + 3)], layout),
        'training': lambda name, title, label: training_curves(
            name, title, [TrainingCurve(label, epochs, 1 / epochs, epochs[4::5], 9 / epochs[4::5], 0.1 / epochs)]
        ),
    }


def rng_errors() -> NDArray:
    return np.random.default_rng(1).gamma(4, 0.01, 300)
