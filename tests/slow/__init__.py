"""With training, conversion, installation, and thousands of pictures."""
