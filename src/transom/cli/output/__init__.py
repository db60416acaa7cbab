"""How answers are printed: units, tables, Go templates, progress."""
