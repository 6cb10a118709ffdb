"""The items and jobs of the proposal for a marketplace, with what a test machine forces: another host, a name for the
archive, a check beside the installation, and commands that look at what has been brought.
"""

from __future__ import annotations

ITEMS = """\
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
- name: imagenet
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
      - cp -r /mnt/confignfs_pvc/imagenet/* {{ dataPath }}
  template_variables:
  - name: dataPath
- name: imagenet_only_validation
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
      - cp -r /mnt/confignfs_pvc/imagenet/validation/* {{ dataPath }}
  template_variables:
  - name: dataPath
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
