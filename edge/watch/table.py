"""What is known of the sources as a table, for a terminal of any width."""

from typing import Any, List, Optional, Sequence

from edge.watch.seen import Source

_GOOD = ("live",)
_BAD = ("stale", "frozen")


def drawn(sources: Sequence[Source], broker: str, trouble: Optional[str]) -> Any:
    """Return a rich table.

    Args:
        sources: the rows.
        broker: its name.
        trouble: why there is no connection; None: there is.
    """
    from rich.table import Table
    from rich.text import Text

    connection = "connected" if trouble is None else trouble
    table = Table(
        title=Text("labeld at {}".format(broker)),
        caption=Text(connection, style="green" if trouble is None else "bold red"),
        expand=True,
    )
    for name, kind in (
        ("device", {}),
        ("source", {}),
        ("status", {"ratio": 2}),
        ("label", {"ratio": 2}),
        ("score", {"justify": "right"}),
        ("last", {"justify": "right"}),
        ("a minute", {"justify": "right"}),
        ("failed", {"justify": "right"}),
    ):
        table.add_column(name, overflow="fold", **kind)
    for source in sources:
        table.add_row(*_cells(source))
    if not sources:
        table.add_row(Text("(nobody has told of a source yet)", style="dim"))
    return table


def _cells(source: Source) -> List[Any]:
    from rich.text import Text  # a cell is text: what is in a name is never taken for markup

    status, style = source.status or "?", "green" if source.status in _GOOD else "yellow"
    if source.online is False:
        status, style = "offline", "bold red"
    elif source.status in _BAD:
        style = "bold red"
    if source.reason and source.online is not False:
        status += ": " + source.reason
    failed = str(source.failed) if source.failed else ""
    return [
        Text(source.device),
        Text(source.name),
        Text(status, style=style),
        Text(source.label, style="bold"),
        Text("" if source.score is None else "{:.2f}".format(source.score)),
        Text(_ago(source.age_seconds)),
        Text(str(source.per_minute)),
        Text(failed, style="red"),
    ]


def _ago(seconds: Optional[float]) -> str:
    if seconds is None:
        return ""
    return "{:.0f} s".format(seconds) if seconds < 100 else "{:.0f} min".format(seconds / 60)
