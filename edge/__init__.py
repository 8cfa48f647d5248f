"""labeld's device half: a camera or a folder of pictures in, labels out over MQTT."""

__version__ = "0.1.0"
