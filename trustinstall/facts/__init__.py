"""Facts about a machine that several parts ask for: homes, programs, variables, bundles."""
