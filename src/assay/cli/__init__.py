"""Floor 3: the command line. One file per group of verbs; a verb's file is imported when the verb is used."""

from assay.cli.commands import main

__all__ = ["main"]
