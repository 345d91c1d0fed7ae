"""What people run: the command line, sample events."""
