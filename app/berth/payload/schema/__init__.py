"""marshmallow schemas of events and of proxy responses."""
