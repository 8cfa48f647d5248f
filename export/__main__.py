"""The `labeld-export` command."""

import argparse
import sys

from edge import __version__, command
from edge.errors import Exit


def main(arguments=None):
    """Run the command; return its exit code."""
    return command.run(_parser(), arguments)


def _parser():
    parser = argparse.ArgumentParser(
        prog="labeld-export", description="Makes, checks and tries out model bundles."
    )
    parser.add_argument("--version", action="version", version="labeld-export " + __version__)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND")
    commands.required = True

    text = "label the pictures of a folder exactly as the daemon would"
    predict = commands.add_parser("predict", help=text, description=text)
    predict.add_argument("bundle", metavar="BUNDLE")
    predict.add_argument("images", metavar="IMAGES", help="a folder, looked through to the bottom")
    predict.add_argument("--out", metavar="FILE.tsv", required=True)
    predict.set_defaults(command=_predict)

    text = "check a bundle's hashes, and that this machine reproduces its golden samples"
    verify = commands.add_parser("verify", help=text, description=text)
    verify.add_argument("bundle", metavar="BUNDLE")
    verify.set_defaults(command=_verify)
    return parser


def _predict(options):
    from export import predict

    predict.run(options.bundle, options.images, options.out)
    return Exit.OK


def _verify(options):
    from edge import bundle, golden
    from edge.classifier import Classifier

    found = bundle.read(options.bundle)
    off = golden.check(found, Classifier(found))
    print(
        "{}: {} with {} classes; {} golden samples reproduced, scores within {:.1g}".format(
            found.path, found.model, len(found.labels), len(found.golden_files), off
        )
    )
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
