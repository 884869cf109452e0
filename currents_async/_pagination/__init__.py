"""Lists that come in pages: read item by item or page by page, and resumed where they were left.

A pager holds nothing between two pages, so one that is left needs no closing; only one that reads
ahead has a task, and is an async context manager for it.
"""

from currents_async._pagination.cursors import CursorPager
from currents_async._pagination.numbers import NumberedPager, PagePager
from currents_async._pagination.pager import PAGE_SIZE, Pager
from currents_async._pagination.walk import Listing

__all__ = ["PAGE_SIZE", "CursorPager", "Listing", "NumberedPager", "PagePager", "Pager"]
