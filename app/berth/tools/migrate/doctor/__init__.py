"""What in a project will not work here as it does on Lambda, read from its files: no code of it runs.

`diagnosis.py` examines a project. The rows D100 to D199, their severities and their texts are in `rows.py`;
each other module looks for one family of rows.
"""
