"""The smallest job, as text: lines indented by four go on with its role, others with the job."""

JOB = """\
protocolVersion: 2
name: p
type: job
prerequisites:
- {type: dockerimage, name: img, uri: 'u:1'}
taskRoles:
  worker:
    dockerImage: img
    resourcePerInstance: {cpu: 1, memoryMB: 100, gpu: 0}
    commands: [echo hi]
"""


def with_commands(*commands: str) -> str:
    """The job with other commands, one a line from line 11 on."""
    lines = "".join(f"    - {command}\n" for command in commands)
    return JOB.replace("    commands: [echo hi]\n", f"    commands:\n{lines}")


def with_prerequisites(*prerequisites: str) -> str:
    """The job with more prerequisites, one a line from line 6 on."""
    lines = "".join(f"- {prerequisite}\n" for prerequisite in prerequisites)
    return JOB.replace("taskRoles:\n", f"{lines}taskRoles:\n")
