"""Where a job is refused although OpenPAI accepts it, each with the reason."""

from __future__ import annotations

import pytest
from example_job import JOB, with_commands, with_prerequisites
from test_spec import only_fault

STRICTER = [
    (
        "OpenPAI's runtime breaks on a list of ports, after the job has waited for its turn",
        JOB.replace("gpu: 0", "gpu: 0, ports: [{http: 1}]"),
        "ports: this must be a mapping, not a list; write 'label: number of ports'",
    ),
    (
        "a list of roles passes OpenPAI's schema and makes a job without tasks",
        JOB[: JOB.index("taskRoles")] + "taskRoles: []\n",
        "taskRoles: this must be a mapping, not a list",
    ),
    (
        "no machine has a negative number of CPUs",
        JOB.replace("cpu: 1", "cpu: -1"),
        "cpu: -1 is too small, 0 is the least",
    ),
    (
        "0 reads as 'at once', and OpenPAI takes it as 'not given'",
        JOB + "    completion: {minFailedInstances: 0}\n",
        "0 is not allowed here; leave it away for the default, or write -1 for never",
    ),
    (
        "only -1 is documented as 'never'",
        JOB + "    completion: {minSucceededInstances: -5}\n",
        "-5 is too small, -1 is the least",
    ),
    (
        "a negative number of retries means 'without end' to OpenPAI's controller and is written nowhere",
        JOB + "    taskRetryCount: -2\n",
        "taskRetryCount: -2 is too small, 0 is the least",
    ),
    (
        "OpenPAI drops callbacks of unknown events silently",
        with_prerequisites("{type: data, name: d, callbacks: [{event: taskStart, commands: [x]}]}"),
        "callbacks[0].event: unknown event 'taskStart'; did you mean 'taskStarts'",
    ),
    (
        "a callback without commands fails when the task starts",
        with_prerequisites("{type: data, name: d, callbacks: [{event: taskStarts, commands: []}]}"),
        "callbacks[0].commands: the list is empty",
    ),
    (
        "a plugin that does not exist fails when the task starts",
        JOB + "extras: {com.microsoft.pai.runtimeplugin: [{plugin: cmdd}]}\n",
        "extras.com.microsoft.pai.runtimeplugin[0].plugin: unknown plugin 'cmdd'; did you mean 'cmd'?",
    ),
    (
        "the same, for a prerequisite's plugin",
        with_prerequisites("{type: data, name: d, plugin: com.microsoft.pai.runtimeplugin.gti}"),
        "plugin: unknown plugin 'gti'; did you mean 'git'?",
    ),
    (
        "both forms of the plugin cmd at once fail when the task starts",
        with_prerequisites(
            "{type: data, name: d, callbacks: [{event: taskStarts, commands: [x]}], preCommands: [y]}",
        ),
        "callbacks and preCommands or postCommands exclude each other",
    ),
    (
        "callbacks of another plugin than cmd are ignored",
        with_prerequisites("{type: data, name: d, plugin: git, callbacks: [{event: taskStarts, commands: [x]}]}"),
        "the plugin git has no callbacks; only the plugin cmd has them",
    ),
    (
        "OpenPAI ignores require, and so what is missing there",
        with_prerequisites("{type: data, name: d, require: [dd]}"),
        "prerequisites[1].require[0]: there is no prerequisite 'dd'",
    ),
    (
        "the same for prerequisites that require each other",
        with_prerequisites("{type: data, name: a, require: [b]}", "{type: data, name: b, require: [a]}"),
        "the prerequisites require each other: a -> b -> a",
    ),
    (
        "a failurePolicy that is neither of the two is taken as fail",
        with_prerequisites("{type: data, name: d, failurePolicy: ignored}"),
        "failurePolicy: 'ignored' must be fail or ignore",
    ),
    (
        "any text, 'false' included, means true",
        JOB + "extras: {gangAllocation: 'false'}\n",
        "extras.gangAllocation: this must be true or false, not 'false'",
    ),
    (
        "a reference without a value stays in the command, which then fails or does something else",
        with_commands("<% $parameters.lr %>"),
        "$parameters.lr does not exist; add 'lr' to parameters",
    ),
    (
        "the same for a value that is null",
        with_commands("<% $parameters.lr %>") + "parameters: {lr: }\n",
        "$parameters.lr has no value; give it with -p lr=VALUE",
    ),
    (
        "the same for a secret",
        with_commands("<% $secrets.tok %>"),
        "$secrets.tok does not exist; add 'tok' to secrets",
    ),
    (
        "the same in a log-in to a registry",
        JOB.replace("uri: 'u:1'", "uri: u, auth: {password: <% $secrets.tok %>}"),
        "prerequisites[0].auth.password: $secrets.tok does not exist",
    ),
    (
        "the same in a plugin's parameters",
        JOB + "extras:\n  com.microsoft.pai.runtimeplugin: [{plugin: ssh, parameters: {k: [<% $secrets.tok %>]}}]\n",
        "parameters.k[0]: $secrets.tok does not exist",
    ),
    (
        "the same in a callback, for every role that calls it",
        with_prerequisites("{type: data, name: d, preCommands: ['<% $data.name %>']}") + "    prerequisites: [d]\n",
        "prerequisites[1].preCommands[0]: $data has no value here, the role names no data; add 'data:' to the role",
    ),
    (
        "comments, sections and the like of its template library vanish silently",
        with_commands("echo <%! note %>"),
        "comments are not supported",
    ),
    (
        "properties of JavaScript's objects are no values of the job",
        with_commands("<% $parameters.l.length %>") + "parameters: {l: [1]}\n",
        "$parameters.l.length does not exist",
    ),
    (
        "a whole mapping becomes the words [object Object]",
        with_commands("<% $parameters.o %>") + "parameters: {o: {a: 1}}\n",
        "$parameters.o is a mapping, not one value; name one of its keys: a",
    ),
    (
        "OpenPAI does not know this key, which the proposal for its marketplace adds",
        JOB + "    prerequisites: [mnist]\nextras: {reference_prerequisites: [{name: mnist, require: [x]}]}\n",
        "extras.reference_prerequisites[0].require[0]: there is no prerequisite 'x'; known: img, mnist",
    ),
    (
        "a mapping as a key becomes the words [object Object]",
        JOB + "extras: {a: {{ b }}}\n",
        "a mapping or list cannot be a key; put a value that begins with {{ in quotes",
    ),
]


@pytest.mark.parametrize(("text", "fault"), [case[1:] for case in STRICTER], ids=[case[0] for case in STRICTER])
def test_refused_although_openpai_accepts_it(text: str, fault: str) -> None:
    assert fault in only_fault(text)
