"""The certificates that a server presents, and which programs of this machine accept them, by their own rules."""
