"""Checks that need more than one manifest's schema: of functions, of routes and of authorizers."""
