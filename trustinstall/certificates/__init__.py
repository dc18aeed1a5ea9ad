"""One X.509 certificate, and whether it may be trusted."""
