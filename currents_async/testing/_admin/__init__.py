"""The control of a server over HTTP, for programs in any language."""
