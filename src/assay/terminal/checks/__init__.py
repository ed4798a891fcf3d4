"""What is right, a function a case: `checks/<group>.py` has one for each case of `cases/<group>.toml`.

A function is named as its case, ``-`` written ``_``. It is given the `Evidence` of one run and yields clauses, each
with a name: what must hold (`must`), and what must have been left alone (`spares`). It judges effects, never how a
command is spelled.
"""
