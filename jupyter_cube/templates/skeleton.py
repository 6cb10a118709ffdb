"""Items to begin with: the smallest of each kind that works, with comments that teach the format."""

from __future__ import annotations

import json

from jupyter_cube.errors import Fault
from jupyter_cube.marketplace.item import Item

_SUMMARY = "what it is, in one line"
_DESCRIPTION = "What it is good for, and how to use it. This is Markdown."
_HEAD = """\
kind: KIND
name: NAME
summary: SUMMARY
description: |
  DESCRIPTION
tags: []
"""

_PREREQUISITE = """\
plugin: cmd
# what runs before this one, and the values that it wants:
# require:
# - name: marketplace://name/git_repository
#   template_variables: {url: "https://example.org/repository.git", path: "{{ place }}"}

# where these succeed everything is there already, and nothing else is run
check:
- test -e {{ place | quote }}/ready
# what the commands cannot do without, said before the job starts:
# needs: [root, network]
plugin_params:
  callbacks:
  # once a job, before its tasks; with 'scope: task' beside 'plugin', in every task
  - event: taskStarts
    commands:
    - mkdir -p {{ place | quote }}
    - date > {{ place | quote }}/ready
    # a line KEY=value in this file is a variable of all that runs later
    - echo "PLACE={{ place }}" >> "$CUBE_ENV"
  # in each task whose command fails; taskSucceeds is the opposite
  - event: taskFails
    commands:
    - ls -l {{ place | quote }}
  # after the last task, whatever became of it
  - event: taskCompletes
    commands:
    - echo "done with" {{ place | quote }}
template_variables:
# {{ place }} above; without a default, who uses the item has to fill it
- name: place
  type: path  # or string, int, float, bool, choice (with 'choices: [a, b]'), secret, list
  description: where it is put
  default: /data/NAME
"""

_STORAGE = """\
plugin: pvc_storage
plugin_params:
  # which volumes there are says the setting 'storages' of jupyter_cube_config.json
  name: NAME
  mountPath: "{{ mountPath }}"
  readOnly: true
template_variables:
- name: mountPath
  type: path
  description: where the tasks see it
  default: /mnt/NAME
"""

_JOB = """\
template_variables:
# {{ script }} below; without a default, who uses the template has to fill it
- name: script
  type: path
  description: the script that is run
- name: instances
  type: int
  minimum: 1
  description: how many tasks run it
  default: 1
- name: device
  type: choice
  choices: [cpu, cuda]
  default: cpu
job:
  protocolVersion: 2
  name: NAME
  type: job
  prerequisites:
  - type: dockerimage
    name: image
    uri: python:3.12
  parameters:
    epochs: 3
  taskRoles:
    worker:
      # a value that is one variable has its type, here a number
      instances: "{{ instances }}"
      dockerImage: image
      resourcePerInstance: {cpu: 1, memoryMB: 0, gpu: 0}
      commands:
      - python3 {{ script | quote }} --device {{ device }} --epochs <% $parameters.epochs %>
  extras:
    jupyter_cube:
      cwd: .  # where it is submitted
"""

_BODIES = {"prerequisite": _PREREQUISITE, "storage": _STORAGE, "job": _JOB}


def skeleton(kind: str, name: str, summary: str = "") -> str:
    """The text of an item of that kind: a prerequisite, storage or job."""
    line = json.dumps(summary or _SUMMARY, ensure_ascii=False)
    head = _HEAD.replace("KIND", kind).replace("NAME", name).replace("DESCRIPTION", _DESCRIPTION)
    return head.replace("SUMMARY", line) + _BODIES[kind].replace("NAME", name)


def faults(item: Item) -> list[Fault]:
    """What of a skeleton has not been filled in."""
    read = item.document
    assert read is not None
    unfilled = {"summary": _SUMMARY, "description": _DESCRIPTION}
    return [
        read.fault((key,), f"this is the skeleton's {key} still", hint="write your own, or remove the line")
        for key, text in unfilled.items()
        if str(getattr(item, key)).strip() == text
    ]
