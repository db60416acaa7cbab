"""Vocabulary: values that parse, print and compare. Imports errors only."""
