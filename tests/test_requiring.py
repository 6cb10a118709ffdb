"""What is typed after ``--require``."""

from __future__ import annotations

from typing import Any

import pytest
from example_job import JOB
from example_market import Shelf

from jupyter_cube.errors import SpecError, UsageError
from jupyter_cube.protocol.spec import parse as parse_job
from jupyter_cube.submitting.requiring import add, parse


@pytest.mark.parametrize(
    ("text", "reference", "values"),
    [
        ("mnist", "marketplace://name/mnist", {}),
        ("mnist@1.2", "marketplace://name/mnist@1.2", {}),
        ("team/mnist@1.2.0", "marketplace://team/name/mnist@1.2.0", {}),
        ("mnist:dataPath=/data/mnist", "marketplace://name/mnist", {"dataPath": "/data/mnist"}),
        (
            "x:a=1,b=0.5,c=true,d=1.10,e=,f=007",
            "marketplace://name/x",
            {"a": 1, "b": 0.5, "c": True, "d": "1.10", "e": "", "f": "007"},
        ),
        ("x:a=[1, 'b,c'],b='1,2'", "marketplace://name/x", {"a": [1, "b,c"], "b": "1,2"}),
        ("x:a=it's me,b='it''s, me'", "marketplace://name/x", {"a": "it's me", "b": "it's, me"}),
        ("x:url=http://h/p?a=b", "marketplace://name/x", {"url": "http://h/p?a=b"}),
        ("marketplace://name/x@1:a=b", "marketplace://name/x@1", {"a": "b"}),
        ("https://h:8080/x.yaml:a=b", "https://h:8080/x.yaml", {"a": "b"}),
        ("https://h:8080/x.yaml", "https://h:8080/x.yaml", {}),
    ],
)
def test_what_it_means(text: str, reference: str, values: dict[str, Any]) -> None:
    found, given = parse(text)
    assert str(found) == reference
    assert given == values


_NOTHING = ("", "a b", "x:y", "x:=1", "x:a=1,b", "x@1.2.3.4", "-x", "marketplace://x", "x:a=1,a=2", "x:a='/b")


@pytest.mark.parametrize("text", _NOTHING)
def test_what_means_nothing_is_refused(text: str) -> None:
    with pytest.raises(UsageError) as caught:
        parse(text)
    assert caught.value.place == "--require"
    assert caught.value.hint


SHELF = Shelf("- name: data.set\n  template_variables: {path: , token: {type: secret, default: ''}}\n")


def test_every_role_gets_it_before_its_own() -> None:
    job = add(parse_job(JOB), ["data.set:path=/a", "data.set:path=/b"], find=SHELF.find)
    assert job.task_roles["worker"].prerequisites == ("data.set", "data.set-2")
    assert [each.require[0].values for each in job.extras.references] == [{"path": "/a"}, {"path": "/b"}]


def test_a_secret_that_is_typed_goes_to_the_secrets() -> None:
    job = add(parse_job(JOB), ["data.set:path=/a,token=s3cret"], find=SHELF.find)
    assert job.secrets == {"data_set_token": "s3cret"}
    assert job.extras.references[0].require[0].values["token"] == "<% $secrets.data_set_token %>"


def test_all_that_is_malformed_is_said_at_once() -> None:
    with pytest.raises(SpecError) as caught:
        add(parse_job(JOB), ["x:y", "data.set:path=/a", "a b"], find=SHELF.find)
    assert [fault.path for fault in caught.value.faults] == ["--require", "--require"]
