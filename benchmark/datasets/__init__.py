"""Datasets: original COFW, 300W and WFLW, and the synthetic faces, in one prepared form."""
