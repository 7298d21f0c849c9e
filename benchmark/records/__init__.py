"""The interchange format: what every number of the leaderboards comes from, as files that any program can read."""

from benchmark.records.predictions import Predictions, read_predictions, save_predictions, summarize
from benchmark.records.record import Record, read_record, read_records, write_record
from benchmark.records.table import load_predictions

__all__ = [
    'Predictions',
    'Record',
    'load_predictions',
    'read_predictions',
    'read_record',
    'read_records',
    'save_predictions',
    'summarize',
    'write_record',
]
