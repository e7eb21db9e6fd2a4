"""What all parts of a model file have in common: unknown keys are refused, shorthands are told apart."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, ClassVar, Self

from pydantic import BaseModel, ConfigDict, Discriminator, model_validator
from pydantic_core import PydanticCustomError


class Part(BaseModel):
    """A mapping of a model file. Immutable; a key that it does not know is an error."""

    model_config: ClassVar[ConfigDict] = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise unknown_key(str(key), list(cls.model_fields))
        return data

    def replace(self, **changes: Any) -> Self:
        """Copy with some fields replaced (values already validated)."""
        return self.model_copy(update=changes)


def unknown_key(key: str, known: list[str]) -> PydanticCustomError:
    """The error for a key that is not one of `known`; names the nearest of them."""
    nearest = get_close_matches(key, known, n=1, cutoff=0.6)
    hint = f"did you mean `{nearest[0]}`?" if nearest else f"known keys: {', '.join(known)}"
    return PydanticCustomError(
        "unknown_key", "unknown key `{key}`; {hint}", {"key": key, "hint": hint}
    )


def choose(by: Callable[[Any], str | None], message: str) -> Discriminator:
    """Tell the forms of a field apart with `by`; where it returns None, say `message`."""
    return Discriminator(
        by,
        custom_error_type="wrong_form",
        custom_error_message=message,
    )


def named(key: str) -> Callable[[Any], Any]:
    """A bare text is short for a mapping with nothing but `key`: ``static`` for ``{kind: static}``."""

    def expand(value: Any) -> Any:
        return {key: value} if isinstance(value, str) else value

    return expand
