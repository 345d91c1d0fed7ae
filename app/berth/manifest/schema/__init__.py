"""The marshmallow schemas of both manifests, a function's and a stage's."""
