"""What a deployment will be, for people: `build_plan` in plan.py, and its text in lines.py."""
