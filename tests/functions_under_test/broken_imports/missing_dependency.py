import a_package_that_nobody_has


def handler(event, context):
    return a_package_that_nobody_has.__name__
