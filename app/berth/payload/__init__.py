"""Pure translation between HTTP and Lambda's documents, one module for each event shape."""
