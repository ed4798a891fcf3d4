"""Floor 1: what is made of finished records: scores with intervals, comparisons, whole stores moved and checked."""
