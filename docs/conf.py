"""Configuration of the documentation site: `make docs` builds it below docs/_build."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import generate

project = "Scenery"
copyright = "the Scenery authors"
extensions = ["myst_parser"]
exclude_patterns = ["_build"]
nitpicky = True
myst_heading_anchors = 4
myst_links_external_new_tab = False

html_theme = "furo"
html_title = "Scenery"
html_show_sphinx = False
html_copy_source = False
html_show_sourcelink = False

# The pages about commands, columns and rules are generated before Sphinx looks for pages.
generate.write()
