"""The engine's process: configuration, composition root, start and end."""
