"""Certificate stores of Windows."""
