"""Moving in: reading what describes functions on AWS, and writing the manifests that Berth serves.

A source is read into an Application (`model/`) by the reader of its kind; most sources become a
CloudFormation template first (`cloudformation/`). `writing/` makes files of an Application, and the report.
`doctor/` looks at a project's code for what works differently here. `compare/` asks both sides the same.
"""
