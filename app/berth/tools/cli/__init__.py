"""The commands of `berth`, which are `flask`'s too: thin click commands over the loader and the environments.

Flask finds each command and group as an entry point of the package (setup.cfg). Other folders import only
`refusing` of `start`, and `command_group` of `group`, which makes `berth` of all of them.
"""
