"""What a developer runs at each save: no TensorFlow, no server."""
