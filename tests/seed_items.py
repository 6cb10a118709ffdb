"""The items and jobs of the proposal for a marketplace, with what a test machine forces: another host, a name for the
archive, a check beside the installation, and commands that look at what has been brought.
"""

from __future__ import annotations

_FIRST = """\
- name: install_wget
  plugin: cmd
  check: [command -v wget]
  needs: [root, network]
  plugin_params:
    callbacks:
    - event: taskStarts
      commands:
      - "apt update"
      - "apt install -y wget"
- name: mnist
  require:
  - name: marketplace://name/install_wget
  plugin: cmd
  plugin_params:
    callbacks:
    - event: taskStarts
      commands:
      - mkdir -p {{ dataPath }}
      - wget http://@HOST@/mnist.zip -O {{ dataPath }}/mnist.zip
      - cd {{ dataPath }}
      - unzip -o mnist.zip
  template_variables:
  - name: dataPath
- name: confignfs_pvc
  plugin: pvc_storage
  plugin_params:
    name: confignfs
    mountPath: {{ mountPath }}
  template_variables:
  - name: mountPath
"""

_IMAGENET = """\
- name: @NAME@
  require: # if the required prerequisite has template_variables, all the template_variables MUST be fulfilled.
  - name: marketplace://name/confignfs_pvc
    template_variables:
      mountPath: /mnt/confignfs_pvc
  plugin: cmd
  plugin_params:
    callbacks:
    - event: taskStarts
      commands:
      - mkdir -p {{ dataPath }}
      - cp -r /mnt/confignfs_pvc/@PART@/* {{ dataPath }}
  template_variables:
  - name: dataPath
"""

_DEBUG_HOOK = """\
- name: debug_hook
  plugin: cmd
  plugin_params:
    callbacks:
    - event: taskFails
      commands:
      - echo "will sleep for {{ min }} minutes for debugging..."
      - sleep {{ min }}m
  template_variables:
  - name: min
"""

ITEMS = "".join(
    [
        _FIRST,
        _IMAGENET.replace("@NAME@", "imagenet").replace("@PART@", "imagenet"),
        _IMAGENET.replace("@NAME@", "imagenet_only_validation").replace("@PART@", "imagenet/validation"),
        _DEBUG_HOOK,
    ]
)

_JOB = """\
protocolVersion: 2
name: use_@NAME@
type: job
prerequisites:
- type: dockerimage
  uri: 'openpai/standard:python_3.6-pytorch_1.2.0-gpu'
  name: docker_image_0
taskRoles:
  taskrole:
    instances: 1
    completion:
      minFailedInstances: 1
    taskRetryCount: 0
    prerequisites:
    - @NAME@
    dockerImage: docker_image_0
    resourcePerInstance:
      gpu: 1
      cpu: 3
      memoryMB: 29065
    commands:
    - @COMMAND@
defaults:
  virtualCluster: default
extras:
  reference_prerequisites:
  - name: @NAME@
    require:
    - name: marketplace://name/@NAME@
      template_variables:
        @VARIABLE@
"""


def job(name: str, variable: str, command: str) -> str:
    """The proposal's job that uses the item of that name."""
    return _JOB.replace("@NAME@", name).replace("@VARIABLE@", variable).replace("@COMMAND@", command)
