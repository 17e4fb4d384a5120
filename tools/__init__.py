"""What maintainers of this repository run, by way of make; nothing of it is installed."""
