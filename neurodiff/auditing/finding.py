"""What an audit says of each condition: its verdict, why, and the numbers."""

import textwrap
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from neurodiff.text import align

#: Whether a model meets a condition; "depends" where it does so in part, or where more would have
#: to be known.
Verdict = Literal["met", "not met", "depends"]

#: Titles that are not the name of the condition with spaces.
_TITLES = {"dales_principle": "Dale's principle", "low_precision_errors": "low-precision errors"}

#: Names of conditions in earlier versions, and those of today.
_RENAMED = {
    "locality_in_space": "local_in_space",
    "locality_in_time": "local_in_time",
    "weight_transport": "no_weight_transport",
    "update_locking": "updates_without_locking",
    "separate_phases": "one_phase",
    "sign_of_error": "nonnegative_error_signals",
    "symmetric_delays": "no_delay_matching",
    "precision_of_error": "low_precision_errors",
    "extra_connections": "no_extra_connections",
    "learnable_band": "input_slow_enough",
    "learning_rate_ceiling": "learning_rate_low_enough",
}

_FOOT = """\
Each line names a condition that the field asks of learning rules, and says whether this model meets
it. Whether brains meet these conditions, and which of them matter, is for experiments to say.
"""


class Judgement(NamedTuple):
    """Whether a condition is met, and why.

    Attributes
    ----------
    verdict : str
        `met`, `not met` or `depends`.
    why : str
        The reason, in one sentence.
    evidence : dict
        The numbers; ready for JSON, with units in the names.
    details : tuple of str
        The evidence in words, a line each.
    """

    verdict: Verdict
    why: str
    evidence: dict[str, Any]
    details: tuple[str, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One condition that the field asks of learning rules, and whether a model meets it.

    Attributes
    ----------
    name : str
        Key of the condition, such as `no_weight_transport`.
    condition : str
        The condition in words.
    verdict : str
        `met`, `not met` or `depends`.
    why : str
        The reason for the verdict.
    evidence : dict
        The numbers, and what else supports the verdict; ready for JSON, with units in the names.
    details : tuple of str
        The evidence in words, a line each.
    """

    name: str
    condition: str
    verdict: Verdict
    why: str
    evidence: dict[str, Any]
    details: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the finding as JSON holds it.

        Returns
        -------
        dict
            With the keys `condition`, `verdict`, `why` and `evidence`.
        """
        return {
            "condition": self.condition,
            "verdict": self.verdict,
            "why": self.why,
            "evidence": self.evidence,
        }

    def summary(self) -> str:
        """Give the finding as text.

        Returns
        -------
        str
            The title with the verdict, then the condition, the reason and the details, of at most
            98 characters a line.
        """
        lines = [f"asked: {self.condition}", f"found: {self.why}", *self.details]
        marks = ["    ", "    ", *["    - "] * len(self.details)]
        texts = [
            textwrap.fill(line, 98, initial_indent=mark, subsequent_indent="      ")
            for line, mark in zip(lines, marks, strict=True)
        ]
        return "\n".join([f"{self.title}: {self.verdict}", *texts])

    @property
    def title(self) -> str:
        """The name in plain words."""
        return _TITLES.get(self.name, self.name.replace("_", " "))


@dataclass(frozen=True)
class Audit:
    """Which of the conditions that the field asks of learning rules one model meets.

    Attributes
    ----------
    title : str
        Name of the model.
    findings : tuple of Finding
        One for each condition.
    walked : str
        Which network the statements were read from.
    """

    title: str
    findings: tuple[Finding, ...]
    walked: str = ""

    def __getitem__(self, name: str) -> Finding:
        """Give the finding of one condition.

        Parameters
        ----------
        name : str
            Key of the condition, such as `no_weight_transport`.

        Returns
        -------
        Finding

        Raises
        ------
        KeyError
            If there is no condition of this name; the message has the new name of a condition
            that was renamed, or else all names.
        """
        for finding in self.findings:
            if finding.name == name:
                return finding
        if name in _RENAMED:
            raise KeyError(f"{name!r} is now called {_RENAMED[name]!r}; write that")
        known = ", ".join(finding.name for finding in self.findings)
        raise KeyError(f"{name!r} is not audited; write one of: {known}")

    def to_dict(self) -> dict[str, Any]:
        """Give the audit as JSON holds it.

        Returns
        -------
        dict
            With the key `model`, and `findings` by name.
        """
        findings = {finding.name: finding.to_dict() for finding in self.findings}
        return {"model": self.title, "walked": self.walked, "findings": findings}

    def summary(self) -> str:
        """Give the audit as text.

        Returns
        -------
        str
            A table of the verdicts, then every finding.
        """
        table = align([[finding.title, finding.verdict] for finding in self.findings])
        parts = [finding.summary() for finding in self.findings]
        head = "\n".join(filter(None, [f"audit of {self.title}", self.walked]))
        return "\n\n".join([f"{head}\n\n{table}", *parts, _FOOT.strip()])
