"""Each command's work over all scopes and accounts: the face of the library."""
