"""Synthetic faces whose annotation noise is known: they slide along contours for training, not for tests."""

from benchmark.datasets.synthetic.generate import GENERATOR_VERSION, draw_face, prepare_synthetic
from benchmark.datasets.synthetic.render import render_face

__all__ = ['GENERATOR_VERSION', 'draw_face', 'prepare_synthetic', 'render_face']
