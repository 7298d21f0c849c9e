"""The exceptions that a user's mistake, data or disk can cause."""


class BenchmarkError(Exception):
    """A failure that the user can act on.

    Its text is one line: what is wrong, in which file, and what to do. Commands print it to stderr without a traceback
    and exit with status 1.
    """


class UsageError(BenchmarkError):
    """The command line asks for what there is not, or for what cannot be; commands exit with status 2."""
