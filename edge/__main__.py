"""The `labeld` command."""

import argparse
import logging
import os
import sys
from typing import Any, Optional, Sequence

from edge import __version__, command
from edge.errors import Exit


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command; return its exit code."""
    return command.run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="labeld", description="Turns a folder of pictures into labels, published over MQTT."
    )
    parser.add_argument("--version", action="version", version="labeld " + __version__)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND")
    commands.required = True
    for name, function, text in (
        ("run", _run, "serve a configuration until SIGTERM"),
        ("check", _check, "print every fault of a configuration; exit 2 if there is one"),
    ):
        sub = commands.add_parser(name, help=text, description=text)
        sub.add_argument("-c", "--config", metavar="FILE", default=command.CONFIG)
        sub.set_defaults(command=function)
    commands.choices["run"].add_argument(
        "--log", choices=("text", "json"), default="text", help="how the log is written (text)"
    )
    _add_watch(commands)
    _add_doctor(commands)
    _add_replay(commands)
    _add_demo(commands)
    return parser


def _add_watch(commands: Any) -> None:
    text = "show in a terminal what the sources of one labeld, or of all at a broker, are doing"
    parser = commands.add_parser("watch", help=text, description=text + "; Ctrl-C ends it")
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="whose broker and device ({})".format(command.CONFIG),
    )
    parser.add_argument(
        "--broker", metavar="HOST[:PORT]", help="instead of a configuration: all devices at it"
    )
    parser.add_argument(
        "--prefix", metavar="TOPIC", default="labeld", help="with --broker (%(default)s)"
    )
    parser.add_argument(
        "--seconds", metavar="S", type=float, help="end after so long (only at Ctrl-C)"
    )
    parser.set_defaults(command=_watch)


def _add_doctor(commands: Any) -> None:
    text = "look at this machine, its software, and a configuration's broker, bundle and speed"
    parser = commands.add_parser("doctor", help=text, description=text)
    parser.add_argument(
        "-c",
        "--config",
        metavar="FILE",
        help="({}, where there is one)".format(command.CONFIG),
    )
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--seconds",
        metavar="S",
        type=float,
        default=20.0,
        help="for how long to measure the speed (%(default)s)",
    )
    parser.add_argument(
        "--root", metavar="FOLDER", default="/", help="where the machine's files are read (/)"
    )
    parser.set_defaults(command=_doctor)


def _add_replay(commands: Any) -> None:
    text = "give the same events for a folder or a video every time, without broker and clock"
    parser = commands.add_parser("replay", help=text, description=text)
    parser.add_argument("-c", "--config", metavar="FILE", default=command.CONFIG)
    parser.add_argument("--input", metavar="FOLDER|VIDEO", required=True)
    parser.add_argument("--out", metavar="EVENTS.jsonl", required=True)
    parser.add_argument(
        "--source",
        metavar="NAME",
        help="the source whose settings count (the first folder, or for a video camera)",
    )
    parser.add_argument(
        "--compare",
        metavar="OTHER.jsonl",
        help="print which labels changed, and by how much scores differ; exit 1 if any changed",
    )
    parser.set_defaults(command=_replay)


def _add_demo(commands: Any) -> None:
    text = "show labeld at work: trains on drawn samples, starts a broker, prints labels"
    parser = commands.add_parser("demo", help=text, description=text)
    parser.add_argument("--once", action="store_true", help="end when every sample has its label")
    parser.add_argument(
        "--home",
        metavar="FOLDER",
        default="labeld-demo",
        help="where bundle, drop folder and logs are kept (%(default)s)",
    )
    parser.set_defaults(command=_demo)


def _run(options: argparse.Namespace) -> Exit:
    from edge.daemon import daemon, log

    log.begin(options.log, os.environ)
    return daemon.run(options.config, os.environ)


def _check(options: argparse.Namespace) -> Exit:
    from edge.config.load import load

    load(options.config)
    print("{}: no faults".format(options.config))
    return Exit.OK


def _watch(options: argparse.Namespace) -> Exit:
    from edge.watch import command as watch

    logging.getLogger("edge").addHandler(logging.NullHandler())  # the table tells it all
    watch.run(options.config, options.broker, options.prefix, options.seconds)
    return Exit.OK


def _doctor(options: argparse.Namespace) -> Exit:
    from edge.doctor import command as doctor

    logging.getLogger("edge").addHandler(logging.NullHandler())  # the table tells it all
    return doctor.run(options.config, options.root, options.seconds, options.json)


def _replay(options: argparse.Namespace) -> Exit:
    from edge.config.load import load
    from edge.offline import comparison, replay

    logging.getLogger("edge").addHandler(logging.NullHandler())  # the events tell it all
    if options.compare is not None:
        comparison.events(options.compare)  # refused before the work
    count = replay.run(load(options.config), options.input, options.out, options.source)
    print("{}: {} events".format(options.out, count))
    if options.compare is None:
        return Exit.OK
    lines, same = comparison.compare(options.out, options.compare)
    print("\n".join(lines))
    return Exit.OK if same else Exit.UNEXPECTED


def _demo(options: argparse.Namespace) -> Exit:
    from edge.demo import demo

    return demo.run(options.home, options.once)


if __name__ == "__main__":
    sys.exit(main())
