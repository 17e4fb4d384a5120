"""The analytics on real logs: how many labelled positives are found, how many negatives alert."""
