"""Commands about projects: `projects`."""
