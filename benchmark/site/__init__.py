"""Records to tables, figures and pages. Reads only stored records and predictions; no training code is imported."""

from benchmark.site.build import build_reports
from benchmark.site.terminal import print_tables, terminal_tables

__all__ = ['build_reports', 'print_tables', 'terminal_tables']
