"""Read by the kernel that runs the tutorials: ``%%bash`` cells that show a command's output in one piece.

IPython's own magic hands output on in pieces of 100 bytes, which the page would show as lines.
"""

import subprocess

from IPython.core.magic import register_cell_magic


@register_cell_magic
def bash(line: str, cell: str) -> None:
    """Run the cell in bash; print what it prints; fail if it fails."""
    done = subprocess.run(["bash", "-e", "-c", cell], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                          check=False)
    print(done.stdout, end="")
    done.check_returncode()
