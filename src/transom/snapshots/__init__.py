"""The protocol for file systems made of layers."""
