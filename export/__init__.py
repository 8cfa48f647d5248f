"""labeld's training half: labelled photographs in, a model bundle out."""
