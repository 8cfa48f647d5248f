"""Facts to a page of HTML, by the templates beside this file."""

import os
from importlib.util import find_spec
from typing import Any

from edge.errors import LabeldError

TEMPLATES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "templates")

PICTURE_BYTES = 3 << 20
"""What the pictures of a page may take: it is to stay below 5 MB."""

NEEDED = ("matplotlib", "jinja2")


class ReportError(LabeldError):
    """A page that cannot be made; the text says why, and what to do."""


def check() -> None:
    """Raise ReportError if what makes a page is not installed."""
    missing = [name for name in NEEDED if find_spec(name) is None]
    if missing:
        raise ReportError(
            "a report needs {}, which is not installed: pip install 'labeld[export]'".format(
                " and ".join(missing)
            )
        )


def rendered(template: str, **facts: Any) -> bytes:
    """Return a page that loads nothing; whatever text is in the facts stays text.

    Args:
        template: the name of one of TEMPLATES.
        facts: what it shows.
    """
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters["file"] = _breakable
    text = environment.get_template(template).render(**facts)
    return text.encode("utf-8", "replace")


def _breakable(path: str) -> str:
    """Return HTML of a file's name, which may go on in a new line where a part of it ends."""
    from markupsafe import Markup, escape

    text = escape(path)
    for end in "/_":
        text = text.replace(end, end + Markup("<wbr>"))
    return text
