"""The network of these tests is as they suppose, and all kinds of callers get in, but for nobody."""

from tests.access.network import KINDS, Network


def test_every_kind_of_caller_is_known(network: Network) -> None:
    for kind in KINDS:
        answer = network.client(kind).get("/hospitals")
        assert answer.status_code in ((401,) if kind == "nobody" else (200, 403)), (kind, answer.text)


def test_staff_see_their_hospitals_only(network: Network) -> None:
    seen = {
        kind: [each["external_id"] for each in network.client(kind).get("/hospitals").json()["items"]]
        for kind in ("staff-alba", "staff-beira", "staff-both", "staff-nowhere", "doctor-alba", "token-alba", "admin")
    }
    assert seen == {
        "staff-alba": ["alba"],
        "staff-beira": ["beira"],
        "staff-both": ["alba", "beira"],
        "staff-nowhere": [],
        "doctor-alba": ["alba"],
        "token-alba": ["alba"],
        "admin": ["alba", "beira"],
    }
