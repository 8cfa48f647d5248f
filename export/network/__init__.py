"""InceptionV3: its features, training in Keras, the frozen graph."""
