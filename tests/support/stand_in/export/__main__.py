"""In the place of `labeld-export convert`, where no GPU can build engines.

What it is called with goes to the file $STAND_IN_RECORD; what it does is $STAND_IN_MANNER: `sound`
makes a bundle that is said to have engines, `off` one whose scores are not those recorded, `hang`
none, ever. $STAND_IN_FINGERPRINT is this machine's, which takes TensorFlow to tell.
"""

import functools
import json
import os
import shutil
import sys
import time

from edge.classify import bundle as bundles
from tests.support import tiny


def main():
    options = dict(zip(sys.argv[3::2], sys.argv[4::2]))
    with open(os.environ["STAND_IN_RECORD"], "a", encoding="utf-8") as file:
        file.write(json.dumps(dict(options, niceness=os.nice(0), pid=os.getpid())) + "\n")
    manner = os.environ["STAND_IN_MANNER"]
    if manner == "hang":
        time.sleep(600)
    source = bundles.read(sys.argv[2])
    tiny.write_bundle(
        options["--out"],
        off=0.5 if manner == "off" else 0.0,
        precision="fp16",
        batch_sizes=tuple(int(size) for size in options["--batch-sizes"].split(",")),
        save=functools.partial(shutil.copytree, source.saved_model),
        conversion={
            "source": source.content_hash,
            "fingerprint": json.loads(os.environ["STAND_IN_FINGERPRINT"]),
        },
        plain_model=source.saved_model,
    )


main()
