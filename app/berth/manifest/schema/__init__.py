"""marshmallow schemas of the function's and the stage's manifest."""
