"""What trustinstall keeps on disk about its own work, and when that is believed."""
