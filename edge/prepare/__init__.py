"""Bytes to RGB to a row: the preprocessing, one for training and serving."""
