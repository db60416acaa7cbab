"""Use cases: one verb a module. The domains meet only here."""
