"""The files of a bundle, which may come from anywhere: read through no link, and no further than
they should go."""

import errno
import hashlib
import io
import os
import stat
from typing import Any, Dict, Iterator, Mapping, Sequence, Tuple

import numpy as np

from edge.errors import BundleError

MOST_BYTES = 4 << 30
"""Of a file in a bundle; protobuf, which graphs are written in, ends at 2 GiB."""

MOST_FILES = 10000

CHUNK = 1 << 20

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def read_file(path: str, most_bytes: int = MOST_BYTES) -> bytes:
    """Return the content of a regular file.

    Raises:
        BundleError: it is none, or has more than `most_bytes`, or cannot be read.
    """
    return b"".join(_chunks(path, most_bytes))


def digest(path: str, size: int) -> str:
    """Return the SHA-256 of a regular file of `size` bytes, in hex; raises BundleError."""
    found = hashlib.sha256()
    for chunk in _chunks(path, size):
        found.update(chunk)
    return found.hexdigest()


def list_files(top: str) -> Dict[str, int]:
    """Return {path below `top`, with '/': size in bytes} of all files.

    Raises:
        BundleError: there is a link, a device or another thing that is no file, or very many.
    """
    found: Dict[str, int] = {}
    for folder, folders, names in os.walk(top, onerror=_raise):
        for name in folders + names:
            path = os.path.join(folder, name)
            try:
                facts = os.lstat(path)
            except OSError as error:
                raise _fault(path, error)
            if stat.S_ISREG(facts.st_mode):
                found[os.path.relpath(path, top).replace(os.sep, "/")] = facts.st_size
            elif not stat.S_ISDIR(facts.st_mode):
                raise BundleError(path, "it is neither file nor folder: nothing else may be there")
            if len(found) > MOST_FILES:
                raise BundleError(top, "it holds more than {} files".format(MOST_FILES))
    return found


def check_files(top: str, recorded: Mapping[str, Mapping[str, Any]], beside: Sequence[str]) -> None:
    """Raise BundleError unless the files below `top` are exactly those recorded.

    Args:
        top: the bundle's folder.
        recorded: {path below it: {"bytes": size, "sha256": hex}}.
        beside: paths of files that are not recorded.
    """
    there = list_files(top)
    for name in sorted(set(there).difference(recorded, beside)):
        raise BundleError(os.path.join(top, name), "bundle.json does not record it: remove it")
    for name, facts in sorted(recorded.items()):
        path = os.path.join(top, name)
        if name not in there:
            raise BundleError(path, "{}: copy the bundle again".format(os.strerror(errno.ENOENT)))
        if there[name] != facts["bytes"] or digest(path, facts["bytes"]) != facts["sha256"]:
            raise BundleError(
                path,
                "its content is not what bundle.json recorded ({} bytes, {} recorded): copy the "
                "bundle again".format(there[name], facts["bytes"]),
            )


def read_array(path: str, dtype: str, shape: Tuple[int, ...]) -> np.ndarray:
    """Return an array of numpy's format (NEP 1), which must be of this dtype and shape.

    Raises:
        BundleError: it is not.
    """
    size = int(np.prod(shape)) * np.dtype(dtype).itemsize
    file = io.BytesIO(read_file(path, size + 4096))
    try:
        version = np.lib.format.read_magic(file)
        read_header = {
            (1, 0): np.lib.format.read_array_header_1_0,
            (2, 0): np.lib.format.read_array_header_2_0,
        }[version]
        found_shape, by_column, found_dtype = read_header(file)
    except (ValueError, KeyError, TypeError, SyntaxError, RecursionError, MemoryError) as error:
        raise BundleError(path, "it is no array of numpy's: {}".format(error))
    data = file.read()
    if (found_shape, found_dtype) != (shape, np.dtype(dtype)) or by_column or len(data) != size:
        raise BundleError(
            path,
            "it holds {} of shape {}; {} of shape {} belongs there".format(
                found_dtype, found_shape, np.dtype(dtype), shape
            ),
        )
    return np.frombuffer(data, dtype).reshape(shape)


def _chunks(path: str, most_bytes: int) -> Iterator[bytes]:
    try:
        descriptor = os.open(path, _FLAGS)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise BundleError(path, "it is no regular file")
        with os.fdopen(descriptor, "rb") as file:
            left = most_bytes
            chunk = file.read(CHUNK)
            while chunk:
                left -= len(chunk)
                if left < 0:
                    raise BundleError(path, "it has more than {} bytes".format(most_bytes))
                yield chunk
                chunk = file.read(CHUNK)
    except OSError as error:
        raise _fault(path, error)


def _raise(error: OSError) -> None:
    raise _fault(error.filename, error)


def _fault(path: str, error: OSError) -> BundleError:
    if error.errno == errno.ELOOP:
        return BundleError(path, "it is a link, which is not followed")
    return BundleError(path, "{}: copy the bundle again".format(error.strerror))
