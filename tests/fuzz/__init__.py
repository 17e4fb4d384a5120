"""What strangers write, made up by machines: `make fuzz` (coverage-guided), and a bounded run in the unit tests."""
