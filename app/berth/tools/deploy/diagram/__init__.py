"""A picture of a deployment: what it shows in model.py, and how it is written as SVG and for Mermaid."""
