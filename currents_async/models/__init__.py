"""The API's responses as frozen Structs, and the values that arguments can have.

The `__all__` of each module says what is public, so that a new model touches only its module.
"""

from typing import TYPE_CHECKING

from currents_async._lazy import lazy_names as _lazy_names

if TYPE_CHECKING:
    from currents_async.models import (
        _model,
        account,
        actions,
        annotations,
        attachments,
        common,
        dashboard,
        errors,
        instances,
        jira,
        matchers,
        pages,
        projects,
        runs,
        shares,
        spec_files,
        test_results,
        tests,
        webhooks,
    )
    from currents_async.models._model import *
    from currents_async.models.account import *
    from currents_async.models.actions import *
    from currents_async.models.annotations import *
    from currents_async.models.attachments import *
    from currents_async.models.common import *
    from currents_async.models.dashboard import *
    from currents_async.models.errors import *
    from currents_async.models.instances import *
    from currents_async.models.jira import *
    from currents_async.models.matchers import *
    from currents_async.models.pages import *
    from currents_async.models.projects import *
    from currents_async.models.runs import *
    from currents_async.models.shares import *
    from currents_async.models.spec_files import *
    from currents_async.models.test_results import *
    from currents_async.models.tests import *
    from currents_async.models.webhooks import *

    __all__: list[str] = []
    __all__ += _model.__all__
    __all__ += account.__all__
    __all__ += actions.__all__
    __all__ += annotations.__all__
    __all__ += attachments.__all__
    __all__ += common.__all__
    __all__ += dashboard.__all__
    __all__ += errors.__all__
    __all__ += instances.__all__
    __all__ += jira.__all__
    __all__ += matchers.__all__
    __all__ += pages.__all__
    __all__ += projects.__all__
    __all__ += runs.__all__
    __all__ += shares.__all__
    __all__ += spec_files.__all__
    __all__ += test_results.__all__
    __all__ += tests.__all__
    __all__ += webhooks.__all__

else:  # to a type checker, any name would be a model
    __getattr__ = _lazy_names(
        __name__,
        (
            *("_model", "common", "runs", "instances", "annotations", "pages", "dashboard"),
            *("projects", "tests", "test_results", "errors", "spec_files", "attachments"),
            *("actions", "matchers", "account", "jira", "shares", "webhooks"),
        ),
    )

    def __dir__() -> list[str]:
        return __getattr__("__all__")
