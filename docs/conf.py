"""Sphinx's settings. The pages are put together by `tools/docs.py`, which calls Sphinx: `make docs`."""

from deployer import __version__

project = "detection-deployer"
author = "the maintainers of detection-deployer"
version = release = __version__
extensions = ["myst_parser"]
html_theme = "furo"
html_title = "detection-deployer"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
# The same anchors as the repository host gives, so that one link works there and here.
myst_heading_anchors = 4
myst_links_external_new_tab = False
highlight_language = "text"
pygments_style = "default"
suppress_warnings: list[str] = []
