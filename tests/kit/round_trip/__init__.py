"""Web frameworks behind their adapters, served by Berth and directly."""
