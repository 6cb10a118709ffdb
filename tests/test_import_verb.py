"""``import`` and ``export`` on the command line."""

from __future__ import annotations

import json

from test_item_verbs import Shell, shell

__all__ = ["shell"]  # a fixture


JOB_FILE = """\
protocolVersion: 2
name: mnist
type: job
prerequisites:
- {type: dockerimage, name: image, uri: python}
taskRoles:
  worker:
    instances: 1
    dockerImage: image
    resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0}
    commands: [echo hi]
extras:
  reference_prerequisites:
  - {name: x, require: [marketplace://name/nobody_has_this]}
"""


def test_what_was_imported_is_not_imported_again(shell: Shell) -> None:
    file = shell.folder / "job.yaml"
    file.write_text(JOB_FILE)
    first = shell("import", "job.yaml").splitlines()
    assert first[0].startswith("mnist@1.0.0 of mine")
    assert "  hides builtin/mnist; name it builtin/mnist to have that one" in first
    assert "reference_prerequisites[0].require[0]: there is no item 'nobody_has_this'" in first[-2]
    for words in (["import", "job.yaml"], ["import", "job.yaml", "--dry-run"]):
        assert shell(*words).splitlines()[0] == first[0]
        assert "  is there already, made of the same entry" in shell(*words)
    file.write_text(JOB_FILE.replace("echo hi", "echo ho"))
    assert shell("import", "job.yaml").startswith("mnist@1.0.1 of mine")
    file.write_text(JOB_FILE)
    assert shell("import", "job.yaml").startswith("mnist@1.0.2 of mine")


def test_what_was_imported_is_given_back(shell: Shell) -> None:
    entry = {"job_template_name": "say", "job_template_command": "echo", "job_template_args": {}}
    (shell.folder / "templates.json").write_text(json.dumps({"say": entry}))
    assert "say" in shell("import", "templates.json")
    assert json.loads(shell("export", "say", "--original")) == {"say": entry}
    shell("publish", "greet.yaml")
    assert "greet@1.0.0 was not imported" in shell("export", "greet", "--original", code=2)
