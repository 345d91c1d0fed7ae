"""Documents for a deployment: pure, so that the same manifests make the same bytes."""
