"""Floor 0: the nouns and what keeps them, on the standard library and numpy alone."""
