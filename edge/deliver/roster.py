"""Which sources there were before a restart: what the broker retains of them is taken back."""

import json
from typing import List, NamedTuple, Sequence

from edge.config.settings import SourceSettings
from edge.deliver.notes import Notes

KEY = b"sources"
"""Of the note; what else is noted has a path for its key."""


class Former(NamedTuple):
    """A source that was, and its kind."""

    name: str
    kind: str


class Roster:
    """The sources of the configuration that was in force last."""

    def __init__(self, notes: Notes) -> None:
        """Take the Notes, which outlive the process."""
        self._notes = notes

    @property
    def formers(self) -> List[Former]:
        """Those that were noted last."""
        text = dict(self._notes.items()).get(KEY, "[]")
        return [Former(*former) for former in json.loads(text)]

    def note(self, sources: Sequence[SourceSettings]) -> None:
        """Note the sources that are."""
        self._notes.set(KEY, json.dumps([[source.name, source.kind] for source in sources]))
