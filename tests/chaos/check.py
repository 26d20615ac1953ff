"""Judges a run: what callers were answered (the history) against what is there (the database).

    python -m tests.chaos.check HISTORY DATABASE_URL [--json]

Exits with 1 where anything was lost, done twice, or is otherwise than somebody was told, with one sentence for each.
It knows nothing of the product's code. The database is read as its owner, once everything has settled.
"""

import argparse
import json
import sys
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import psycopg

from tests.chaos import (
    rules_answers,
    rules_audit,
    rules_changes,
    rules_events,
    rules_requests,
    rules_rest,
    rules_schedule,
)
from tests.chaos.history import Recorded, read
from tests.chaos.rules import Evidence, Rule

RULES: tuple[Rule, ...] = (
    *rules_answers.RULES,
    *rules_requests.RULES,
    *rules_schedule.RULES,
    *rules_changes.RULES,
    *rules_audit.RULES,
    *rules_events.RULES,
    *rules_rest.RULES,
)

OPTIONS = "-c timezone=UTC -c datestyle=ISO"
"""How the audit writes instants: as rows have to be read to compare."""

AT_MOST = 10
"""Violations of one rule that are told one by one to people."""


@dataclass(frozen=True, slots=True)
class Violation:
    """What is wrong, and the rule that it breaks."""

    rule: str
    sentence: str


def check(history: Recorded, database_url: str, rules: Iterable[Rule] = RULES) -> list[Violation]:
    """Everything that is wrong; nothing where all is well."""
    url = database_url.replace("postgresql+psycopg://", "postgresql://", 1)
    with psycopg.connect(url, options=OPTIONS) as connection:
        connection.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        connection.read_only = True
        evidence = Evidence(history, connection)
        return [Violation(rule.__name__, sentence) for rule in rules for sentence in rule(evidence)]


def main() -> int:
    """Check, tell, and say by the exit status whether all is well."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos.check", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("history", type=Path, metavar="HISTORY")
    parser.add_argument("database_url", metavar="DATABASE_URL")
    parser.add_argument("--json", action="store_true", help="for programs: a list of rules and sentences")
    options = parser.parse_args()
    found = check(read(options.history), options.database_url)
    told = json.dumps([asdict(each) for each in found], indent=2) if options.json else "\n".join(_in_words(found))
    sys.stdout.write(f"{told}\n")
    return 1 if found else 0


def _in_words(found: Iterable[Violation]) -> Iterator[str]:
    broken: dict[str, list[str]] = {}
    for each in found:
        broken.setdefault(each.rule, []).append(each.sentence)
    for rule, sentences in broken.items():
        yield f"{rule.replace('_', ' ')}: broken {len(sentences)} times"
        yield from (f"  {sentence}" for sentence in sentences[:AT_MOST])
        if len(sentences) > AT_MOST:
            yield f"  and {len(sentences) - AT_MOST} more"
    yield f"{len(broken) or 'None'} of {len(RULES)} rules broken."


if __name__ == "__main__":
    sys.exit(main())
