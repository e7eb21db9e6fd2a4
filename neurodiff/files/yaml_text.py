"""YAML that anybody may have written: bounded while it is read, before anything is expanded."""

import re
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.composer import Composer
from ruamel.yaml.constructor import DuplicateKeyError, RoundTripConstructor
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import AliasEvent

from neurodiff.files.regular_files import Unreadable

#: Most lists and mappings inside each other, and most entries; an alias counts as what it means.
_DEEPEST, _MOST_ENTRIES = 40, 50_000
#: Most characters of a whole number, and of any text.
_LONGEST_NUMBER, _LONGEST_TEXT = 250, 100_000

_TAGS = ("str", "int", "float", "bool", "null", "map", "seq")
#: Halves of characters, which no file can hold.
NOT_TEXT = re.compile("[\ud800-\udfff]")
_VERSION = re.compile(r"^%YAML +(?!1\.[12]\s)(\S*)", re.MULTILINE)
_DEEP = ("is nested too deeply", "no key of a model contains itself")


class _Refused(MarkedYAMLError):
    """What is refused at a place of the text, and the remedy."""

    def __init__(self, problem: str, remedy: str, mark: Any):
        super().__init__(problem=problem, problem_mark=mark)
        self.remedy = remedy


class _Composer(Composer):
    """Counts entries and levels as they are read."""

    def __init__(self, loader: Any = None):
        super().__init__(loader)
        self.warn_double_anchors = False
        self._entries, self._level = 0, 0
        self._sizes: dict[int, int] = {}

    def compose_node(self, parent: Any, index: Any) -> Any:
        event = self.parser.peek_event()
        if isinstance(event, AliasEvent):
            node = super().compose_node(parent, index)
            if id(node) not in self._sizes:
                raise _Refused(*_DEEP, event.start_mark)
            self._count(self._sizes[id(node)], event)
            return node
        _check(event)
        before = self._entries
        self._count(1, event)
        self._level += 1
        if self._level > _DEEPEST:
            raise _Refused(*_DEEP, event.start_mark)
        node = super().compose_node(parent, index)
        self._level -= 1
        self._sizes[id(node)] = self._entries - before
        return node

    def _count(self, entries: int, event: Any) -> None:
        self._entries += entries
        if self._entries > _MOST_ENTRIES:
            text = (
                f"has more than {_MOST_ENTRIES:,} entries, aliases counted as what they stand for"
            )
            remedy = "keep long lists of numbers in NumPy files"
            raise _Refused(text, remedy, event.start_mark)


def _check(event: Any) -> None:
    """Refuse tags that no model has, and texts that are none."""
    tag = str(event.tag) if event.tag is not None else "!"
    if tag != "!" and tag not in [f"tag:yaml.org,2002:{name}" for name in _TAGS]:
        name = tag.replace("tag:yaml.org,2002:", "!!")[:60]
        raise _Refused(f"the tag `{name}` is not known", "leave it out", event.start_mark)
    value = getattr(event, "value", None) or ""
    if len(value) > _LONGEST_TEXT:
        remedy = f"write at most {_LONGEST_TEXT:,} characters"
        raise _Refused(f"a text of {len(value):,} characters is too long", remedy, event.start_mark)
    if found := NOT_TEXT.search(value):
        text = f"broken YAML: a text has half a character, {found.group()!a}"
        raise _Refused(text, "mend the file there", event.start_mark)


class _Constructor(RoundTripConstructor):
    """Leaves dates as texts: no key of a model file is a date, and not all that look so are."""

    def construct_non_recursive_object(self, node: Any, tag: str | None = None) -> Any:
        """Make a value; what is not as its tag says is refused with its place."""
        try:
            return super().construct_non_recursive_object(node, tag)
        except (YAMLError, RecursionError):
            raise
        except Exception:
            value, kind = str(getattr(node, "value", ""))[:60], str(node.tag).rpartition(":")[2]
            text = f"broken YAML: {value!r} is no {kind}"
            raise _Refused(text, "mend the file there", node.start_mark) from None

    def construct_yaml_int(self, node: Any) -> Any:
        """A whole number of a size that some key may have."""
        if len(node.value) > _LONGEST_NUMBER:
            text = f"a number of {len(node.value):,} characters is too long"
            raise _Refused(
                text, f"write at most {_LONGEST_NUMBER} characters, or use quotes", node.start_mark
            )
        return super().construct_yaml_int(node)


_Constructor.add_constructor("tag:yaml.org,2002:timestamp", RoundTripConstructor.construct_yaml_str)
_Constructor.add_constructor("tag:yaml.org,2002:int", _Constructor.construct_yaml_int)


def parse_yaml(text: str) -> Any:
    """What a YAML text says, with the lines of its keys; None where it says nothing.

    Parameters
    ----------
    text : str
        Text to parse.

    Raises
    ------
    Unreadable
        If it is no YAML, has more entries or levels than any model, or a tag that is not known.
    """
    if found := _VERSION.search(text):
        line = text[: found.start()].count("\n") + 1
        remedy = "leave the line out"
        raise Unreadable(f"broken YAML: version {found[1][:20]} is not known", remedy, line)
    yaml = YAML(typ="rt")
    yaml.Composer, yaml.Constructor = _Composer, _Constructor
    try:
        return yaml.load(text)
    except YAMLError as error:
        raise _explained(error) from None
    except RecursionError:
        raise Unreadable(*_DEEP) from None
    except Exception as error:
        # whatever else the parser says of a damaged text
        raise Unreadable(f"broken YAML ({_brief(error)})", "mend the file") from None


def _explained(error: YAMLError) -> Unreadable:
    """What is wrong with the YAML, and in which line."""
    if not isinstance(error, MarkedYAMLError):
        return Unreadable(f"broken YAML: {_brief(error)}", "mend the file")
    mark = error.problem_mark or error.context_mark
    line = mark.line + 1 if mark else None
    if isinstance(error, _Refused):
        return Unreadable(str(error.problem), error.remedy, line)
    if isinstance(error, DuplicateKeyError):
        key = str(error.problem).split('"')[1]
        return Unreadable(f"`{key[:60]}` is there twice", "keep one", line)
    return Unreadable(f"broken YAML: {str(error.problem)[:200]}", "mend the file there", line)


def _brief(error: Exception) -> str:
    """The first line of what a parser says."""
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:120]
