"""Commands about the files that tests left behind: `assets`."""
