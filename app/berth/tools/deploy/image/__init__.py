"""The image of a project: the commands that build and push it, and what gets into its build."""
