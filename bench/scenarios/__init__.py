"""One file per scenario, found by its name: what it measures and promises."""
