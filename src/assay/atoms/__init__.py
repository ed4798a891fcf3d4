"""Atoms: does this interatomic potential get the physics right? The model under test is an ASE calculator."""
