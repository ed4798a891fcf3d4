"""Names of blocks that zennit can canonize; no network of the tests is made of them."""


class BasicBlock:
    """Name only."""


class Bottleneck:
    """Name only."""
