"""Has the operating system run `repair`: timers, and hooks of package managers."""
