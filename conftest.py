"""Fixtures and options of the whole suite."""
