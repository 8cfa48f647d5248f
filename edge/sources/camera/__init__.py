"""A camera, a stream or a video file: opened for ever, read at its own rate, labelled at ours."""
