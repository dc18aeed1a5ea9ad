"""Each command's work over all scopes and accounts: the interface of the library."""
