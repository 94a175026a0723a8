"""marimo, altair and the widgets: what the pages are made of."""
