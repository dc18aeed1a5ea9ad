"""The files that trustinstall keeps about its own work, and when they are trusted."""
