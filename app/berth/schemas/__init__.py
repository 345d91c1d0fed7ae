"""What all schemas share: fields, and the reading of a document."""
