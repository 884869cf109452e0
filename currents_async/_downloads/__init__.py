"""Downloads: artifacts as files on disk, one or all that instances have."""
