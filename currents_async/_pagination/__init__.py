"""Lists that come in pages: read item by item or page by page, and resumed later.

A pager holds nothing between two pages, so it needs no closing. Only one that reads ahead has a
task, and is an async context manager to end it.
"""

from currents_async._pagination.cursors import CursorPager
from currents_async._pagination.numbers import NumberedPager, PagePager
from currents_async._pagination.page_walk import Listing
from currents_async._pagination.pager import PAGE_SIZE, Pager

__all__ = ["PAGE_SIZE", "CursorPager", "Listing", "NumberedPager", "PagePager", "Pager"]
