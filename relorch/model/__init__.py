"""Frozen values and pure rules. Nothing in here reads a clock, a file or the environment."""
