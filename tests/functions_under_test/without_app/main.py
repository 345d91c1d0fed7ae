def handler(event, context):
    import app

    return app.__name__


def sub_module(event, context):
    from app.runtime import pool

    return pool.__name__
