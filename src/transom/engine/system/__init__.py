"""The engine about itself."""
