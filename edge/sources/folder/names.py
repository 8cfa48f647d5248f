"""Which files of a drop folder are pictures to be taken, by their names."""

import fnmatch
import os
import re
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
        patterns = IGNORED + tuple(pattern.lower() for pattern in ignore)
        # a folder may hold very many names: most patterns are endings, which Python tells at once
        self._endings = tuple(one[1:] for one in patterns if _is_ending(one))
        others = [fnmatch.translate(one) for one in patterns if not _is_ending(one)]
        self._others = re.compile("|".join(others))

    def takes(self, name: str) -> bool:
        """Return True if a file is taken; `name`: its path within the drop folder."""
        parts = name.split(os.sep)
        if len(parts) > 1 and parts[0] in (DONE, FAILED):
            return False
        return all(self._takes_part(part) for part in parts)

    def _takes_part(self, part: str) -> bool:
        small = part.lower()
        return not small.endswith(self._endings) and self._others.match(small) is None


def _is_ending(pattern: str) -> bool:
    return pattern[:1] == "*" and not any(letter in pattern[1:] for letter in "*?[")
