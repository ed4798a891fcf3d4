"""Sphinx configuration: reference pages come from the registry, tutorials are run; no network is needed."""

import os
import sys
import tempfile
from pathlib import Path

DOCS = Path(__file__).resolve().parent
sys.path.insert(0, str(DOCS))

import generate  # noqa: E402

import assay  # noqa: E402

project = "assay"
author = copyright = "the assay contributors"
release = version = assay.__version__

extensions = ["myst_nb", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "generated/modules.md"]  # the latter is included by another page
html_theme = "furo"
html_title = f"assay {release}"
html_static_path = ["_static"]
html_css_files = ["wide-tables.css"]
html_show_sourcelink = False

myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3
autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings say it in words
napoleon_use_ivar = True

nb_execution_mode = "auto"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_merge_streams = True

# Tutorials run as a stranger would: an empty store, no network, the commands of this environment first in PATH.
_scratch = tempfile.TemporaryDirectory(prefix="assay-docs-")
_profile = Path(_scratch.name) / "ipython" / "profile_default"
_profile.mkdir(parents=True)
(_profile / "ipython_kernel_config.py").write_text(
    f"c.InteractiveShellApp.exec_files = [{str(DOCS / 'bash_cells.py')!r}]\n"
    "c.Application.log_level = 40  # errors only: the kernel's remark on its transport is nothing to read here\n")
os.environ |= {
    "IPYTHONDIR": f"{_scratch.name}/ipython",
    "ASSAY_HOME": f"{_scratch.name}/home",
    "ASSAY_CACHE": f"{_scratch.name}/cache",
    "ASSAY_OFFLINE": "1",
    "XDG_CONFIG_HOME": f"{_scratch.name}/config",
    "EXAMPLES": str(DOCS.parent / "examples"),
    "OMP_NUM_THREADS": "1",
    "NO_COLOR": "1",
    "COLUMNS": "100",
    "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
}


def setup(app):
    """Write the generated pages before Sphinx looks for its sources."""
    app.connect("builder-inited", lambda _: generate.write_pages(DOCS / "generated"))
