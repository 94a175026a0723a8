"""Reads: what the pages, reports and commands look at."""
