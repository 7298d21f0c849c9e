"""A look through prepared data, for what went wrong with the files and for what may be wrong with the annotations."""

from benchmark.datasets.check.check import check_prepared
from benchmark.datasets.check.findings import CheckReport, Finding

__all__ = ['CheckReport', 'Finding', 'check_prepared']
