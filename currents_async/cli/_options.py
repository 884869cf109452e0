"""Options that several commands have."""

from typing import Annotated

from cyclopts import Parameter
from cyclopts.validators import Number

Count = Annotated[int, Parameter(validator=Number(gte=1))]
Flag = Annotated[bool, Parameter(negative="", show_default=False)]
AsJson = Annotated[Flag, Parameter(name="--json")]
