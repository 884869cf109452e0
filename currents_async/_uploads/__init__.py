"""Uploads: files on disk, declared and sent to the storage."""
