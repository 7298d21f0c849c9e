"""The time that a worker on a cluster has, and what becomes of its trainings when it has to leave sooner."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmark.suite.crew import Crew


class Shift:
    """One stay of a worker on a machine of a cluster.

    Signals may ask for its end before there is anything to end, so a crew reports to it.

    Args:
        until: time at which everything has to have ended, seconds since the epoch.
        since: when the work was submitted; what has failed since then is not tried again.
    """

    def __init__(self, until: float, since: float) -> None:
        self.until, self.since = until, since
        self.leaving = False
        self._crew: Crew | None = None

    @property
    def unfinished(self) -> bool:
        """Whether work is left that this worker would have done."""
        return self._crew is None or self._crew.unfinished

    @property
    def progressed(self) -> bool:
        """Whether an epoch, or an experiment, has come to its end."""
        return self._crew is not None and self._crew.progressed

    def begin(self, crew: Crew) -> None:
        """Take notice of who does the work."""
        self._crew = crew
        if self.leaving:
            crew.ask_to_pause()

    def leave(self) -> None:
        """Ask what runs to end after its epoch; nothing is begun afterwards."""
        self.leaving = True
        if self._crew is not None:
            self._crew.ask_to_pause()

    def pause(self, seconds: float) -> None:
        """The same, and wait until all has ended; what has not after so many seconds is ended."""
        self.leaving = True
        if self._crew is not None:
            self._crew.pause(seconds)
