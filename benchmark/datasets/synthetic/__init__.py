"""Synthetic faces whose annotation noise is known: they slide along contours for training, not for tests."""

from benchmark.datasets.synthetic.generate import TEST_IMAGES, TRAIN_IMAGES, draw_face, prepare_synthetic
from benchmark.datasets.synthetic.render import render_face
from benchmark.datasets.synthetic.renewal import settings_to_draw

__all__ = ['TEST_IMAGES', 'TRAIN_IMAGES', 'draw_face', 'prepare_synthetic', 'render_face', 'settings_to_draw']
