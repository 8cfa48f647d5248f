"""The `labeld-export` command."""

import argparse
import os
import sys
from typing import Any, Callable, Optional, Sequence, Tuple

from edge import __version__, command
from edge.errors import BundleError, Exit, LabeldError
from export.quantize import needs
from export.recipe.blocks import BLOCKS
from export.recipe.candidate import HEADS
from export.recipe.quality import GOOD, LEVELS


def main(arguments: Optional[Sequence[str]] = None) -> int:
    """Run the command; return its exit code."""
    return command.run(_parser(), arguments)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="labeld-export", description="Makes, checks and tries out model bundles."
    )
    parser.add_argument("--version", action="version", version="labeld-export " + __version__)
    commands = parser.add_subparsers(dest="name", metavar="COMMAND")
    commands.required = True

    _add_train(commands)
    _add_evaluate(commands)
    _add_predict(commands)
    _add_explore(commands)
    _add_report(commands)
    _add_quantize(commands)
    _add_convert(commands)
    _add_verify(commands)
    return parser


def _add_train(commands: Any) -> None:
    text = "train a head on InceptionV3 with labelled photographs and write the model bundle"
    parser = commands.add_parser("train", help=text, description=text)
    _add_photographs(parser)
    parser.add_argument(
        "--out",
        metavar="BUNDLE",
        required=True,
        help="a folder, replaced as a whole; events call the model by its name",
    )
    parser.add_argument(
        "--weights",
        metavar="imagenet|none|auto|FILE",
        default="imagenet",
        help="of the base: ImageNet's, random ones, ImageNet's if they can be fetched and "
        "otherwise random ones, or a file (%(default)s)",
    )
    parser.add_argument(
        "--quality",
        choices=list(LEVELS),
        default=GOOD,
        help="how much is tried: fast varies no picture, compares on three parts instead of five, "
        "and tries linear heads alone (%(default)s)",
    )
    parser.add_argument(
        "--split",
        choices=["auto", "new"],
        default="auto",
        help="auto: if the class folders are in train and val or test, that is the split; new: "
        "all pictures are divided anew (%(default)s)",
    )
    parser.add_argument("--seed", type=int, default=1, help="of split and training (%(default)s)")
    parser.add_argument(
        "--blocks",
        metavar="N,N",
        type=_blocks,
        default=(),
        help="of the base's 11 inception blocks, 0 to 10, whose averages the head sees, such as 8 "
        "or 6,7,8 (those that suit the pictures)",
    )
    parser.add_argument(
        "--head",
        choices=HEADS,
        help="linear: logistic regression; hidden: with a hidden layer (what suits the pictures)",
    )
    parser.add_argument(
        "--strength",
        metavar="C",
        type=_positive,
        help="of a linear head: how much the pictures count against small weights (what suits)",
    )
    parser.add_argument(
        "--epochs", type=_whole(1), default=200, help="of a hidden head, at most (%(default)s)"
    )
    parser.add_argument(
        "--units", type=_whole(1), default=64, help="of the head's hidden layer (%(default)s)"
    )
    parser.add_argument(
        "--dropout",
        type=_share,
        default=0.2,
        help="share of those units left out at each step, 0 to below 1 (%(default)s)",
    )
    parser.add_argument(
        "--augment",
        metavar="N",
        type=_whole(0),
        help="varied copies of each picture for the head to learn from: flipped, cropped, turned, "
        "scaled, tinted; from 1, fine-tuning varies each picture in each epoch (by --quality)",
    )
    parser.add_argument(
        "--class-weights",
        choices=["balanced", "none"],
        default="balanced",
        help="balanced: rare classes count as much as common ones (%(default)s)",
    )
    parser.add_argument(
        "--precision",
        metavar="SHARE",
        type=_share,
        help="record in the bundle the least threshold at which so many labels are right, such as "
        "0.95, for `decide.threshold: auto`",
    )
    parser.add_argument(
        "--keep-held-out",
        action="store_true",
        help="do not learn from the held-out pictures in the end, once they have been scored",
    )
    parser.add_argument(
        "--fine-tune",
        metavar="N",
        type=_whole(0, 11),
        help="then try to train the last N of the base's inception blocks that are used, too, and "
        "keep that if it does better on pictures it has not learnt from (best: 3, otherwise 0)",
    )
    parser.add_argument(
        "--fine-tune-epochs", metavar="N", type=_whole(1), default=6, help="at most (%(default)s)"
    )
    parser.add_argument(
        "--int8",
        choices=needs.CHOICES,
        default=needs.AUTO,
        help="auto: where openvino and nncf are installed, varied copies are learnt from in 8 "
        "bits, and the graph in 8 bits is added if it is as right (%(default)s)",
    )
    parser.set_defaults(command=_train)


def _add_explore(commands: Any) -> None:
    text = "write what labelled photographs are like, as a page with pictures; no model is asked"
    parser = commands.add_parser("explore", help=text, description=text)
    _add_photographs(parser)
    parser.add_argument("--out", metavar="FILE.html", required=True)
    parser.set_defaults(command=_explore)


def _add_report(commands: Any) -> None:
    text = "write how good a bundle is and what it gets wrong, as a page with pictures"
    parser = commands.add_parser("report", help=text, description=text)
    parser.add_argument("bundle", metavar="BUNDLE")
    _add_trained_on(parser)
    parser.add_argument("--out", metavar="FILE.html", help="(report.html in the bundle)")
    parser.set_defaults(command=_report)


def _add_trained_on(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "data",
        metavar="DATA",
        nargs="?",
        help="the photographs that it was trained on, as for train (where they were then)",
    )
    parser.add_argument(
        "--images", metavar="FOLDER", help="what a table's files are relative to (its own folder)"
    )


def _add_quantize(commands: Any) -> None:
    text = "add the graph in 8 bits to a bundle, for OpenVINO, if it is as right as the plain one"
    parser = commands.add_parser("quantize", help=text, description=text)
    parser.add_argument("bundle", metavar="BUNDLE")
    _add_trained_on(parser)
    parser.add_argument("--out", metavar="BUNDLE", help="(the same bundle)")
    parser.set_defaults(command=_quantize)


def _add_evaluate(commands: Any) -> None:
    text = "score a bundle on labelled photographs, classified exactly as the daemon would"
    parser = commands.add_parser(
        "evaluate",
        help=text,
        description=text + ". What `train --keep-held-out` kept aside is listed in the bundle: "
        "evaluate BUNDLE BUNDLE/held_out.tsv --images DATA.",
    )
    parser.add_argument("bundle", metavar="BUNDLE")
    _add_photographs(parser)
    _add_runtime(parser)
    parser.add_argument("--json", action="store_true", help="print JSON instead of text")
    parser.set_defaults(command=_evaluate)


def _add_predict(commands: Any) -> None:
    text = "label the pictures of a folder exactly as the daemon would"
    parser = commands.add_parser("predict", help=text, description=text)
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("images", metavar="IMAGES", help="a folder, looked through to the bottom")
    parser.add_argument("--out", metavar="FILE.tsv", required=True)
    _add_runtime(parser)
    parser.set_defaults(command=_predict)


def _add_convert(commands: Any) -> None:
    text = "turn a bundle into a TF-TRT one, on the device that will serve it"
    parser = commands.add_parser("convert", help=text, description=text)
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.add_argument("--out", metavar="BUNDLE", required=True)
    parser.add_argument("--precision", choices=("fp16", "fp32"), default="fp16")
    parser.add_argument(
        "--batch-sizes",
        metavar="N,N",
        type=_sizes,
        default=(1, 4, 8),
        help="the only sizes that the graph will take (1,4,8)",
    )
    parser.add_argument(
        "--workspace-mb",
        metavar="MIB",
        type=_whole(1),
        default=32,
        help="what an engine may take while it runs (%(default)s)",
    )
    parser.add_argument(
        "--minimum-segment-size",
        metavar="N",
        type=_whole(1),
        default=50,
        help="nodes that are worth an engine (%(default)s)",
    )
    parser.add_argument(
        "--cached-engines",
        metavar="N",
        type=_whole(1),
        help="kept for each part of the graph (one for each batch size)",
    )
    parser.add_argument(
        "--gpu-memory-mb",
        metavar="MB",
        type=_whole(256),
        default=2048,
        help="at most so much for TensorFlow (%(default)s)",
    )
    parser.add_argument(
        "--force",
        action="store_true",
        help="write it even if its scores are off; the manifest then says so",
    )
    parser.set_defaults(command=_convert)


def _add_verify(commands: Any) -> None:
    text = "check a bundle's hashes, and that this machine reproduces its golden samples"
    parser = commands.add_parser("verify", help=text, description=text)
    parser.add_argument("bundle", metavar="BUNDLE")
    parser.set_defaults(command=_verify)


def _add_photographs(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "data",
        metavar="DATA",
        help="a folder with a sub-folder for each class (or with train and val or test, and those "
        "inside), or a TSV or CSV file with the columns file and label",
    )
    command.add_argument(
        "--images", metavar="FOLDER", help="what a table's files are relative to (its own folder)"
    )


def _add_runtime(command: argparse.ArgumentParser) -> None:
    command.add_argument(
        "--runtime",
        choices=("auto", "openvino", "tensorflow"),
        default="auto",
        help="what runs the graph: as model.runtime has the daemon run it (%(default)s: what is "
        "the fastest here)",
    )
    command.add_argument(
        "--precision",
        choices=("auto", "fp32", "bf16", "int8"),
        default="auto",
        help="what it computes in, as model.precision (%(default)s)",
    )


def _wanted(options: argparse.Namespace) -> Any:
    """Return the ModelSettings that options ask for."""
    from edge.config.settings import ModelSettings

    return ModelSettings(options.bundle, runtime=options.runtime, precision=options.precision)


def _whole(least: int, most: Optional[int] = None) -> Callable[[str], int]:
    """Return the type of an option that takes whole numbers from `least`, to `most` if given."""

    def number(text: str) -> int:
        if int(text) < least or (most is not None and int(text) > most):
            limit = "" if most is None else " to {}".format(most)
            raise argparse.ArgumentTypeError(
                "{} is not a whole number from {}{}".format(text, least, limit)
            )
        return int(text)

    return number


def _sizes(text: str) -> Tuple[int, ...]:
    sizes = tuple(sorted({int(size) for size in text.split(",")}))
    if not 1 <= sizes[0] <= sizes[-1] <= 256:
        raise argparse.ArgumentTypeError("{}: sizes are from 1 to 256".format(text))
    return sizes


def _blocks(text: str) -> Tuple[str, ...]:
    numbers = sorted({int(part) for part in text.split(",")})
    if numbers[0] < 0 or numbers[-1] >= len(BLOCKS):
        raise argparse.ArgumentTypeError("{}: the blocks are 0 to {}".format(text, len(BLOCKS) - 1))
    return tuple(BLOCKS[number] for number in numbers)


def _positive(text: str) -> float:
    if not float(text) > 0:
        raise argparse.ArgumentTypeError("{} is not a number above 0".format(text))
    return float(text)


def _share(text: str) -> float:
    if not 0 <= float(text) < 1:
        raise argparse.ArgumentTypeError("{} is not a number from 0 to below 1".format(text))
    return float(text)


def _train(options: argparse.Namespace) -> Exit:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from export import train, trainer

    train.run(
        options.data,
        options.out,
        options.images,
        options.split,
        trainer.Options(*(getattr(options, field) for field in trainer.Options._fields)),
    )
    return Exit.OK


def _explore(options: argparse.Namespace) -> Exit:
    from export.report import explore

    explore.run(options.data, options.images, options.out)
    print("wrote {}".format(options.out))
    return Exit.OK


def _report(options: argparse.Namespace) -> Exit:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from export.report import report

    for line in report.run(options.bundle, options.data, options.images, options.out):
        print(line)
    where = options.out or os.path.join(options.bundle, "report.html")
    print("Report: {}".format(where))
    return Exit.OK


def _evaluate(options: argparse.Namespace) -> Exit:
    from export import evaluate

    evaluate.run(_wanted(options), options.data, options.images, options.json)
    return Exit.OK


def _predict(options: argparse.Namespace) -> Exit:
    from export import predict

    predict.run(_wanted(options), options.images, options.out)
    return Exit.OK


def _quantize(options: argparse.Namespace) -> Exit:
    missing = needs.missing()
    if missing:
        raise LabeldError(
            "quantize needs {}, which is not installed: pip install 'labeld[export]' (Python 3.10 "
            "or later)".format(" and ".join(missing))
        )
    from export.quantize import quantize

    quantize.run(options.bundle, options.out or options.bundle, options.data, options.images)
    return Exit.OK


def _convert(options: argparse.Namespace) -> Exit:
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    from export import tftrt, trt

    tftrt.run(
        options.bundle,
        options.out,
        trt.Options(*(getattr(options, field) for field in trt.Options._fields)),
    )
    return Exit.OK


def _verify(options: argparse.Namespace) -> Exit:
    from edge.classify import bundle, golden, variant
    from edge.classify.runtimes import Runtimes

    runtime = Runtimes()
    found = variant.suitable(bundle.read(options.bundle), "none", runtime)
    for form in runtime.forms(found):
        try:
            off = golden.check(form, runtime.load(form))
        except BundleError as error:
            if form.precision == found.precision:
                raise
            print("{}: not served by {}: {}".format(found.path, form.form, error))
            continue
        print(
            "{}: {} with {} classes; {} golden samples reproduced by {}, scores within "
            "{:.1g}".format(
                form.path,
                form.model,
                len(form.labels),
                len(form.golden_files),
                form.form,
                off,
            )
        )
    return Exit.OK


if __name__ == "__main__":
    sys.exit(main())
