"""The values of the store as models, so that the document can say what responses hold of them."""

from datetime import datetime
from types import NoneType
from typing import TYPE_CHECKING, Any, Optional, get_args

from pydantic import BaseModel, Field, create_model

from shared import models
from shared.models import Time, Timings
from shared.models.alert import NOT_SHOWN


def _model(kind: Any, *, without: tuple[str, ...] = (), **more: Any) -> type[BaseModel]:
    """A model with the fields of a value."""
    fields: dict[str, Any] = {
        name: (_shown(annotation), kind._field_defaults.get(name, ...))
        for name, annotation in kind.__annotations__.items()
        if name not in without
    }
    made: type[BaseModel] = create_model(kind.__name__, __doc__=kind.__doc__, **fields, **more)
    return made


def _shown(annotation: Any) -> Any:
    """The type of a field as pydantic is to show it."""
    if annotation is datetime:
        return Time
    if hasattr(annotation, "_fields"):
        return _model(annotation)
    match get_args(annotation):
        case (some, none) if none is NoneType:
            return Optional[_shown(some)]  # noqa: UP045  # the operator takes no type that is only known now
        case (item, end) if end is Ellipsis:
            return tuple[_shown(item), ...]  # type: ignore[misc]
    return annotation


if TYPE_CHECKING:
    # mypy knows no class that is made while the program runs.
    Alert = BaseModel
    Notification = BaseModel
    NotificationLog = BaseModel
else:
    _TIMINGS = (_model(Timings), Field(json_schema_extra={"readOnly": True}))
    Alert = _model(models.Alert, without=NOT_SHOWN, timings=_TIMINGS)
    Notification = _model(models.Notification)
    NotificationLog = _model(models.NotificationLog)
