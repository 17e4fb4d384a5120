"""What the monitors' searches and the ingest pipelines cost, against doing the same without them and as others write it."""
