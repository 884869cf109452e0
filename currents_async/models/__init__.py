"""The API's responses as frozen Structs, and the values that arguments can have.

The `__all__` of each module says what is public, so that a new model touches only its module.
"""

from currents_async.models import (
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
from currents_async.models._model import Model, OpenEnum, OpenModel
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

__all__ = ["Model", "OpenEnum", "OpenModel"]
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
