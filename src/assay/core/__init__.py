"""Floor 0: the nouns and the flow, on the standard library and numpy alone."""
