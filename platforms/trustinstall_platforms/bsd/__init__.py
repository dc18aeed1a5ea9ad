"""System stores of the BSDs."""
