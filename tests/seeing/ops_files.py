"""The files of ops/, read."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
_METRIC = re.compile(r"\bslotwise_[a-z_]+")


@cache
def alerts() -> dict[str, dict[str, Any]]:
    """The rules by their names."""
    [group] = yaml.safe_load((ROOT / "ops/alerts.yml").read_text(encoding="utf-8"))["groups"]
    return {rule["alert"]: rule for rule in group["rules"]}


@cache
def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    shown = json.loads((ROOT / "ops/dashboard.json").read_text(encoding="utf-8"))["panels"]
    return [panel for panel in shown if panel["type"] != "row"]


def expressions() -> dict[str, str]:
    """Every expression, by where it stands."""
    found = {f"alert {name}": rule["expr"] for name, rule in alerts().items()}
    for panel in panels():
        found |= {f"panel {panel['title']} {target['refId']}": target["expr"] for target in panel["targets"]}
    return {where: expression.replace("$__rate_interval", "1m") for where, expression in found.items()}


def metrics() -> set[str]:
    """Every metric of ours that an expression names."""
    return {name for expression in expressions().values() for name in _METRIC.findall(expression)}
