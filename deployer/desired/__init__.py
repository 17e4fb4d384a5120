"""What is wanted of a cluster: read and rendered from files, or remembered from the last run that read the same bytes."""
