"""Floor 1: how records come to be: what is selected and missing, workers that answer it, what they need at hand."""
