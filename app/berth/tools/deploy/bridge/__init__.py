"""Bridges: zips that take the place of Lambda functions' code and forward their events to Berth.

forwarding.py is what runs on Lambda, package.py puts it into a zip, rollout.py moves an alias to it and back.
"""
