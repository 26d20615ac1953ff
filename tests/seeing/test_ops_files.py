"""The files of ops/: they say what there is, and what they say can be read."""

import re

import promql_parser
import pytest
import yaml

from models.seeing.alarms import AlarmName, severity_of
from tests.seeing.ops_files import ROOT, alerts, expressions, panels

DOCUMENT = (ROOT / "docs/operations.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("where", sorted(expressions()))
def test_every_expression_is_one(where):
    promql_parser.parse(expressions()[where])


def test_every_alarm_has_an_alert_of_its_name_that_is_as_bad():
    bad = {name: rule["labels"]["severity"] for name, rule in alerts().items()}
    assert {name.value: bad.get(name.value) for name in AlarmName} == {
        name.value: severity_of(name).value for name in AlarmName
    }


def test_every_alert_has_its_line_in_the_documentation_and_every_line_its_alert():
    section = DOCUMENT.partition("\n### Alerts\n")[2].partition("\n### ")[0]
    told = re.findall(r"^\| `(\w+)` \| (\w+) \| .+ \| .+ \|$", section, re.MULTILINE)
    assert dict(told) == {name: rule["labels"]["severity"] for name, rule in alerts().items()}


def test_every_alert_has_its_test():
    tests = yaml.safe_load((ROOT / "ops/alerts_test.yml").read_text(encoding="utf-8"))["tests"]
    fire = [each["alertname"] for test in tests for each in test["alert_rule_test"] if each["exp_alerts"]]
    keep_still = [each["alertname"] for test in tests for each in test["alert_rule_test"] if not each["exp_alerts"]]
    assert sorted(fire) == sorted(keep_still) == sorted(alerts())


def test_the_dashboard_says_of_every_panel_what_it_shows():
    titles = [panel["title"] for panel in panels()]
    assert len(titles) == len(set(titles))
    assert all(panel["description"] and panel["targets"] for panel in panels())
