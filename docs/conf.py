"""How the site is built: `sphinx-build -WnE --keep-going -c docs . docs/_build`, from the root of the checkout.

The sources are the Markdown of docs/ and of reports/, where they stand, so that links and pictures are the same files
on a code host and on the site. Nothing is fetched, and the pages ask no other host: formulas are Unicode.
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))  # what is described is this checkout
sys.path.insert(0, str(Path(__file__).parent))

import docstrings
import shown

from zobench import __version__

project, version, release = "zobench", __version__, __version__
author = "zobench contributors"
copyright = "zobench contributors, MIT licence"
root_doc = "docs/index"
extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.viewcode"]
include_patterns = ["docs/*.md", "docs/theory/*.md", "reports/*/*.md", "CHANGELOG.md", "CONTRIBUTING.md"]
exclude_patterns = [".*", "build", "conf", "docs/_build", "reports/quick", "reports/sweep", "runs", "tests", "zobench"]

myst_heading_anchors = 3
suppress_warnings = [
    "myst.header",  # the tables of a report begin with a heading of second level; shown.py puts the first above them
]

autodoc_typehints = "none"  # shapes and units are in the docstrings
autodoc_member_order = "bysource"

html_theme = "furo"
html_title = f"zobench {version}"
html_static_path = ["_static"]
html_css_files = ["site.css"]
templates_path = ["_templates"]
html_additional_pages = {"index": "redirect.html"}
html_show_sourcelink = False
html_copy_source = False


def setup(app):
    """Docstrings as they are written here, and the pages that are made from reports and from the command."""
    app.connect("autodoc-process-docstring", docstrings.process)
    app.connect("autodoc-skip-member", docstrings.skip)
    app.connect("source-read", shown.read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
