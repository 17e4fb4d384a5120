"""How attackers write a command, and what is only written like one: the lists that docs/evasions.md shows and a test runs."""
