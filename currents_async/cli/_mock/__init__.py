"""Commands for programs in any language that need a fake service: `mock`."""
