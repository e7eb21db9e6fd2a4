"""What all parts of a model file have in common.

Unknown keys are refused, numbers must be numbers, and the forms of a part are told apart.
"""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Annotated, Any, ClassVar, NamedTuple, Self, get_args

from pydantic import BaseModel, BeforeValidator, ConfigDict, Discriminator, Field, model_validator
from pydantic_core import PydanticCustomError, PydanticUndefined

from neurodiff.model_file.shown import shown

#: Name of a population or projection; without dots, which separate the keys of a path.
Name = Annotated[str, Field(pattern=r"^[\w -]+$", max_length=100)]


class Part(BaseModel):
    """A mapping of a model file. Immutable; a key that it does not know is an error."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="forbid", frozen=True, strict=True, allow_inf_nan=False
    )

    @model_validator(mode="before")
    @classmethod
    def _refuse_unknown_keys(cls, data: Any) -> Any:
        if not isinstance(data, Mapping):
            return data
        for key in data:
            if key not in cls.model_fields:
                raise _unknown_key(str(key), list(cls.model_fields))
        return data

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: Any, handler: Any) -> dict[str, Any]:
        """The JSON Schema of the part: defaults as a file writes them, and what each key means."""
        from neurodiff.model_file.meanings import MEANINGS

        schema = handler(core_schema)
        keys = handler.resolve_ref_schema(schema).get("properties", {})
        defaults = cls.model_construct().model_dump(mode="json", exclude_none=True)
        for name, key in keys.items():
            if (meaning := MEANINGS.get(cls.__name__, {}).get(name)) is not None:
                key["description"] = meaning
            if "default" in key and name in defaults:
                key["default"] = defaults[name]
        return dict(schema)

    def replace(self, **changes: Any) -> Self:
        """Copy with some keys replaced, checked like the keys of a model file.

        Parameters
        ----------
        **changes
            Values as a model file writes them (``learning_rate="10 Hz"``), mappings
            (``plasticity={"rule": "diffusion", ...}``), or parts of a model. None stands for a key
            that is not written.

        Raises
        ------
        ModelError
            If a key is not known or a value is refused; the message names the key and the remedy.
        """
        from neurodiff.model_file.copying import replaced

        return replaced(self, changes)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy, with the keys in `update` replaced and checked; see `replace`.

        Parameters
        ----------
        update : mapping or None, optional
            New values of keys, by key.
        deep : bool, optional
            Whether a copy without changes copies its parts, too.
        """
        return self.replace(**update) if update else super().model_copy(deep=deep)

    def _with(self, **changes: Any) -> Self:
        """Copy with some fields replaced by values that are known to be good."""
        return super().model_copy(update=changes)


class Problem(NamedTuple):
    """What the parts of a model do not agree on: path of the key, what is wrong, what to write."""

    field: str
    problem: str
    remedy: str


def problem(text: str, remedy: str, key: str = "") -> PydanticCustomError:
    """The error of a part, or of one of its keys: what is wrong, and what to write instead.

    Parameters
    ----------
    text : str
        What is wrong.
    remedy : str
        What to write instead.
    key : str, optional
        Key of the part; empty where the whole part is meant.
    """
    context = {"problem": text, "remedy": remedy, "key": key}
    return PydanticCustomError("problem", "{problem}; {remedy}", context)


def nearest(word: str, known: list[str]) -> str:
    """The remedy for a word that is not one of `known`: the nearest of them, or all.

    Parameters
    ----------
    word : str
        Word that is not known.
    known : list of str
        Words that are known.
    """
    if len(known) == 1:
        return f"write `{known[0]}`"
    small = {name.lower(): name for name in known}
    close = get_close_matches(word.lower(), small, n=1, cutoff=0.6)
    return f"did you mean `{small[close[0]]}`?" if close else f"write one of {', '.join(known)}"


def _unknown_key(key: str, known: list[str]) -> PydanticCustomError:
    return problem(f"unknown key `{key}`", nearest(key, known), key)


def choose(by: Callable[[Any], str | None], message: str) -> Discriminator:
    """Tell the forms of a field apart with `by`; where it returns None, say `message`.

    Parameters
    ----------
    by : callable
        Function of the value that returns the tag of its form, or None.
    message : str
        Message of the error where it returns None.
    """
    return Discriminator(
        by,
        custom_error_type="wrong_form",
        custom_error_message=message,
    )


def told_apart(
    key: str, *forms: type[Part], bare: bool = False, schema: Any = PydanticUndefined
) -> BeforeValidator:
    """Refuse what is no mapping whose `key` names one of the `forms`, and say what there is.

    With `bare`, a text alone is short for a mapping with nothing but `key`: ``static`` for
    ``{kind: static}``; `schema` is then the type of all that may be written.

    Parameters
    ----------
    key : str
        Key that names the form.
    bare : bool, optional
        Whether a text alone is short for a mapping with nothing but `key`.
    schema : object, optional
        Type of all that may be written, for the JSON schema.
    *forms : type of Part
        Forms that the mapping may have.
    """
    names = [name for form in forms for name in get_args(form.model_fields[key].annotation)]

    def check(value: Any) -> Any:
        if isinstance(value, forms):
            return value
        if bare and isinstance(value, str):
            value = {key: value}
        if not isinstance(value, Mapping):
            remedy = f"write a mapping such as {{{key}: {names[0]}, ...}}"
            if isinstance(value, list) and "array" in names:
                remedy += f"; numbers over time are {{{key}: array, file: ...}}, see numpy.save"
            raise problem(
                "it is empty" if value is None else f"{shown(value)} is no mapping", remedy
            )
        if key not in value:
            raise problem("missing", f"write one of {', '.join(names)}", key)
        if value[key] not in names:
            raise problem(f"{shown(value[key])} is not known", nearest(str(value[key]), names), key)
        return value

    return BeforeValidator(check, json_schema_input_type=schema)
