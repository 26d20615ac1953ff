"""The policy as docs/security.md shows it. `python -m tests.access.policy_table` writes it there."""

from pathlib import Path

from api.access.policy import POLICY, Row

SECURITY = Path(__file__).resolve().parents[2] / "docs" / "security.md"
BEGINS, ENDS = "<!-- policy -->\n", "<!-- end of policy -->"


def as_markdown() -> str:
    """One line per row of the policy."""
    lines = ["| what | people | scopes of tokens | where |", "| --- | --- | --- | --- |", *map(_line, POLICY)]
    return "\n".join(lines) + "\n"


def shown() -> str:
    """The table that the document has."""
    return SECURITY.read_text(encoding="utf-8").partition(BEGINS)[2].partition(ENDS)[0]


def _line(row: Row) -> str:
    if row.everyone:
        return f"| {row.action} | everyone | none needed | |"
    people = ", ".join(sorted(row.roles)) or "nobody"
    scopes = [f"`{scope}`" for scope in sorted(row.scopes)]
    scopes += [f"`{scope}` (its own only)" for scope in sorted(row.own)]
    where = "the whole network; nobody bound to hospitals" if row.network else "what they reach"
    return f"| {row.action} | {people} | {', '.join(scopes) or 'none'} | {where} |"


if __name__ == "__main__":
    text = SECURITY.read_text(encoding="utf-8")
    before, after = text.partition(BEGINS)[0], text.partition(ENDS)[2]
    SECURITY.write_text(f"{before}{BEGINS}{as_markdown()}{ENDS}{after}", encoding="utf-8")
