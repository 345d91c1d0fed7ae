"""The shapes of documents, each defined once: the only home of marshmallow."""
