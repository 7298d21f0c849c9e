"""STAR loss in MMPose: a reproducible benchmark and leaderboard for facial landmark detection."""

import signal
import sys

__version__ = '0.1.0'

if sys.argv[:1] == ['-m'] and signal.getsignal(signal.SIGINT) == signal.default_int_handler:
    # One of the commands: Ctrl-C ends its imports, which take seconds, quietly; then console.end takes over.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
