"""What should hold, holds again: repair, and the documents of apply."""
