"""Facts about a machine that several parts need: homes, programs, variables, bundles."""
