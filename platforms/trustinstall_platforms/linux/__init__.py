"""System stores of Linux distributions."""
