"""What can be done with containers."""
