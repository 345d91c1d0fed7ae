"""Moving a project from Lambda to Berth."""
