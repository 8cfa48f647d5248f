"""A camera that gives one picture at each GET."""

import time
from typing import Dict, Optional

import numpy as np

from edge.errors import SourceError
from edge.prepare.decoder import decode
from edge.sources.camera.capture import Capture, Covering
from edge.sources.camera.http import Answer, Client, cause, late
from edge.worker import STEP_SECONDS

MAX_BYTES = 32 * 1024 * 1024

_PART_BYTES = 65536


class SnapshotCapture(Capture):
    """Asks for pictures, one after the other."""

    def __init__(
        self,
        client: Client,
        answer: Answer,
        fps: float,
        timeout_seconds: float,
        covering: Covering,
    ) -> None:
        """Begin with an answer that has come.

        Args:
            client: asks for the next ones.
            answer: the first.
            fps: how many a second.
            timeout_seconds: how long a picture may take to arrive.
            covering: how small its pictures may be decoded.
        """
        self._client = client
        self._answer: Optional[Answer] = answer
        self._interval = 1.0 / fps
        self._timeout = timeout_seconds
        self._covering = covering
        self._next = 0.0
        self._picture = b""
        self._condition: Dict[str, str] = {}

    def grab(self) -> None:
        answer, self._answer = self._answer, None
        if answer is None:
            left = self._next - time.monotonic()
            if left > STEP_SECONDS:  # so that whoever is to stop is heard
                time.sleep(STEP_SECONDS)
                self.is_due = False
                return
            time.sleep(max(0.0, left))
            self._next = max(self._next, time.monotonic()) + self._interval
            answer = self._client.ask(self._condition)
        else:
            self._next = time.monotonic() + self._interval
        self.is_due = True
        picture = self._picture if answer is None else self._read(answer)
        self.is_new = picture != self._picture
        self._picture = picture

    def close(self) -> None:
        if self._answer is not None:
            self._answer.body.close()

    def _whole(self) -> np.ndarray:
        return decode(self._picture, covering=self._covering())

    def _read(self, answer: Answer) -> bytes:
        """Return the whole picture, and keep what tells the server which one we have."""
        deadline, parts, size = time.monotonic() + self._timeout, [], 0
        try:
            while True:
                part = answer.body.read1(_PART_BYTES)
                if not part:
                    break
                parts.append(part)
                size += len(part)
                if size > MAX_BYTES:
                    raise SourceError("its picture has more than {} bytes".format(MAX_BYTES))
                if time.monotonic() > deadline:
                    raise SourceError(late(self._timeout))
        except SourceError:
            raise
        except Exception as error:  # http.client raises more than OSError
            raise SourceError(cause(error, self._timeout))
        finally:
            answer.body.close()
        headers = {"If-Modified-Since": "Last-Modified", "If-None-Match": "ETag"}
        self._condition = {
            ask: answer.headers[said] for ask, said in headers.items() if said in answer.headers
        }
        return b"".join(parts)
