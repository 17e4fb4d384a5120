"""Detection-as-code for OpenSearch: files in git become Alerting monitors that are proven to fire."""

__version__ = "0.1.0"
