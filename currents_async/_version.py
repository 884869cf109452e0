"""The version: that of the tag which was built. It is sent as part of the User-Agent."""

try:
    from currents_async._built_version import __version__
except ModuleNotFoundError:  # a checkout that was never built or installed
    __version__ = "0+unknown"

__all__ = ["__version__"]
