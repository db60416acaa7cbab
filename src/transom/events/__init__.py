"""What happened, for `docker events`."""
