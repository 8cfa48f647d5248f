"""Which files of a drop folder are pictures to be taken, by their names."""

import fnmatch
import os
from typing import Sequence

DONE, FAILED = "done", "failed"
"""The folders in a drop folder where files go."""

IGNORED = (
    # hidden: rsync, vim, Syncthing (.syncthing.*), macOS (._*), GNOME (.goutputstream-*), Android
    # (.pending-*), LibreOffice (.~lock.*) and others write so before they rename
    ".*",
    # SFTP clients, browsers, downloads
    "*.part",
    "*.partial",
    "*.filepart",
    "*.crdownload",
    "*.download",
    "*.opdownload",
    "*.aria2",
    "*.!sync",
    "*.!ut",
    "*.bc!",
    "*.ocdownload",
    "*.downloading",
    "*.upload",
    "*.uploading",
    "*.incomplete",
    "*.inprogress",
    "*.in-progress",
    "*.unfinished",
    "*.tmp",
    "*.temp",
    "*.tmp-*",
    "*.writing",
    "~syncthing~*",
    "*.sb-????????-??????",
    # editors and locks
    "*~",
    "~$*",
    "#*#",
    "*.swp",
    "*.swo",
    "*.swx",
    "*.bak",
    "*.lock",
    "*.lck",
    # what systems keep in folders
    "thumbs.db",
    "ehthumbs.db",
    "desktop.ini",
    "@eadir",
    "__macosx",
    "$recycle.bin",
    "lost+found",
)
"""Patterns of names, in small letters, of what is unfinished or no picture: left where it is."""


class Names:
    """Tells which names are taken."""

    def __init__(self, ignore: Sequence[str] = ()) -> None:
        """Take a source's own patterns; the case of letters makes no difference in them."""
        self._patterns = IGNORED + tuple(pattern.lower() for pattern in ignore)

    def takes(self, name: str) -> bool:
        """Return True if a file is taken; `name`: its path within the drop folder."""
        parts = name.split(os.sep)
        if len(parts) > 1 and parts[0] in (DONE, FAILED):
            return False
        return all(self._takes_part(part) for part in parts)

    def _takes_part(self, part: str) -> bool:
        small = part.lower()
        return not any(fnmatch.fnmatchcase(small, pattern) for pattern in self._patterns)
