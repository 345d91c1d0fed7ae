"""The machine, container and ECS task that the server runs in, and its command line."""
