"""The centre: the protocol that every way of running a container implements."""
