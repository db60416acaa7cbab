"""Measurements of Transom beside its peers; `script/bench` runs them."""
