"""What execution environments may use, and the thread that enforces it."""
