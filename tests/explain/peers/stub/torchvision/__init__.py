"""The two class names that zennit asks torchvision for; it needs nothing else of it."""
