"""Benchmarks: `make bench`. Never asserted; the figures go where somebody reads them."""
