"""What every command shares where it meets a terminal: how it ends, what it can write, how wide its tables may be."""

from benchmark.console.ending import (
    STOPPING,
    Terminated,
    children_take_no_signals,
    end,
    exit_status,
    positive,
)

__all__ = ['STOPPING', 'Terminated', 'children_take_no_signals', 'end', 'exit_status', 'positive']
