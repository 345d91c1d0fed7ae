"""The test kit: a pytest plugin on top of pytest-flask. Never imported by the product."""
