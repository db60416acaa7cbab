"""What containers print, as it is kept."""
