"""What an audit says: a verdict for each condition, why, and the numbers."""

import textwrap
from dataclasses import dataclass
from typing import Any, Literal

from neurodiff.text import align

Verdict = Literal["holds", "does not hold", "depends"]

_FOOT = """\
Each line says whether one condition holds in this model, and by what. Whether brains meet the
conditions, and which of them matter, is for experiments to say.
"""


@dataclass(frozen=True)
class Finding:
    """One condition that the field asks of a learning rule.

    Attributes
    ----------
    name : str
        Key of the condition, such as `weight_transport`.
    condition : str
        What holds where it holds.
    verdict : str
        `holds`, `does not hold` or `depends`.
    why : str
    evidence : dict
        The numbers, and what else speaks for the verdict; ready for JSON, with units in the names.
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
        """The finding as JSON holds it."""
        return {
            "condition": self.condition,
            "verdict": self.verdict,
            "why": self.why,
            "evidence": self.evidence,
        }

    def summary(self) -> str:
        """The finding as text."""
        lines = [f"asked: {self.condition}", f"found: {self.why}", *self.details]
        marks = ["    ", "    ", *["    - "] * len(self.details)]
        texts = [
            textwrap.fill(line, 98, initial_indent=mark, subsequent_indent="      ")
            for line, mark in zip(lines, marks, strict=True)
        ]
        return "\n".join([f"{self.title}: {self.verdict}", *texts])

    @property
    def title(self) -> str:
        """The name as it is printed."""
        return self.name.replace("dales", "Dale's").replace("_", " ")


@dataclass(frozen=True)
class Audit:
    """What holds of what the field asks of a learning rule, in one model.

    Attributes
    ----------
    title : str
        Name of the model.
    findings : tuple of Finding
    """

    title: str
    findings: tuple[Finding, ...]

    def __getitem__(self, name: str) -> Finding:
        """The finding of one condition, such as `weight_transport`."""
        for finding in self.findings:
            if finding.name == name:
                return finding
        known = ", ".join(finding.name for finding in self.findings)
        raise KeyError(f"{name!r} is not audited; write one of: {known}")

    def to_dict(self) -> dict[str, Any]:
        """The audit as JSON holds it: findings by name."""
        findings = {finding.name: finding.to_dict() for finding in self.findings}
        return {"model": self.title, "findings": findings}

    def summary(self) -> str:
        """The audit as text."""
        table = align([[finding.title, finding.verdict] for finding in self.findings])
        parts = [finding.summary() for finding in self.findings]
        return "\n\n".join([f"audit of {self.title}\n\n{table}", *parts, _FOOT.strip()])
