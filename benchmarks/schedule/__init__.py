"""How many monitors one node really runs each minute, and how late, with default and with raised script limits."""
