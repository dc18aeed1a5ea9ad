"""Settings files and environment variables of developer tools."""
