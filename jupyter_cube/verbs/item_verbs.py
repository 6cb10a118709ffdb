"""The verbs about items: what they take and what their help says."""

from __future__ import annotations

from jupyter_cube.verbs.option import JSON, Option, Verb, count, identifier, pair, tags

KINDS = ("dataset", "prerequisite", "job", "notebook", "storage")
_ITEM = Option(("ITEM",), "NAME, NAME@1.2 or SOURCE/NAME", "item", "ITEM", required=True, completes="item")
_TO = Option(("--to",), "the source it goes to (default: your own, mine)", "to", "SOURCE", completes="source")
_VARIABLES = Option(
    ("VARIABLE=VALUE",), "values of its variables", "values", "VARIABLE=VALUE", pair, repeat=True, completes="variable"
)

VERBS_ABOUT_ITEMS: tuple[Verb, ...] = (
    Verb(
        "items",
        "find datasets, prerequisites, templates and storages",
        (
            Option(("QUERY",), "words of their names and texts", "query", "QUERY", repeat=True, completes="item"),
            Option(("--kind",), "only these", "kind", "KIND", choices=KINDS),
            Option(("--tag",), "only items with these tags: a,b", "tags", "TAGS", tags, repeat=True),
            Option(("--category",), "only items of this category", "category", "CATEGORY"),
            Option(("--author",), "only items by this author", "author", "AUTHOR"),
            Option(("--source",), "only items of this source", "source", "SOURCE", completes="source"),
            Option(("--limit",), "at most this many (default 50; 0: all)", "limit", "N", count),
            JSON,
        ),
        ("items digits", "items --kind dataset --tag vision"),
    ),
    Verb("show", "show all that is known of an item", (_ITEM, JSON), ("show digits", "show team/mnist@1.2")),
    Verb(
        "use",
        "write the cell or command that uses an item; a notebook template is copied here",
        (_ITEM, _VARIABLES, JSON),
        ("use digits", "use mnist dataPath=/data/mnist"),
    ),
    Verb(
        "publish",
        "publish items that a file or a folder describes",
        (
            Option(
                ("PATH",), "an item's file, or a folder with item.yaml", "path", "PATH", required=True, completes="file"
            ),
            _TO,
            Option(("--version",), "its version (default: the next patch)", "version", "VERSION"),
            Option(("--author",), "its author (default: your login name)", "author", "NAME"),
            JSON,
        ),
        ("publish mnist.yaml", "publish mnist/ --to team --version 1.2.0"),
    ),
    Verb(
        "import",
        "publish what OpenPAI or Cube Studio has: items, job templates, jobs",
        (
            Option(("FILE",), "what was exported there", "path", "FILE", required=True, completes="file"),
            _TO,
            Option(("--only",), "only these, by name: a,b", "only", "NAMES", tags),
            Option(("--dry-run",), "only say what would come over, and what would not", "dry_run"),
            JSON,
        ),
        ("import init-job-template.json --dry-run", "import job.yaml"),
    ),
    Verb(
        "new",
        "write the file of a new item",
        (
            Option(("KIND",), "what it is", "kind", "KIND", required=True, choices=KINDS),
            Option(("NAME",), "its name", "name", "NAME", required=True),
            Option(("--url",), "of a dataset: where it is on the net", "url", "URL"),
            Option(("--path",), "a file or folder: of a dataset, or a notebook", "path", "PATH", completes="file"),
            Option(("--value",), "of a dataset: a value of the notebook", "value", "NAME", identifier, only="notebook"),
            Option(("--from",), "of a job template: a job, or a job's file", "origin", "JOB", completes="job"),
            Option(
                ("--variable",),
                "of a job template: take this value of the job out as a variable: lr=parameters.lr",
                "variables",
                "NAME=PATH",
                pair,
                repeat=True,
            ),
            Option(("--summary",), "what it is, in one line", "summary", "TEXT"),
            Option(("--publish",), "publish it at once", "publish"),
            JSON,
        ),
        (
            "new dataset faces --url https://example.org/faces.zip",
            "new job sweep --from train --variable n=parameters.n",
        ),
    ),
    Verb(
        "sources",
        "list, add and remove the sources of items",
        (
            Option(
                ("ACTION",), "what to do; nothing: list them", "action", "ACTION", choices=("add", "remove", "refresh")
            ),
            Option(("NAME",), "the source's name", "name", "NAME", completes="source"),
            Option(("URI",), "a folder, git+https://HOST/REPOSITORY@REF or https://HOST/FOLDER/", "uri", "URI"),
            JSON,
        ),
        ("sources", "sources add team /shared/items", "sources refresh"),
    ),
    Verb(
        "trust",
        "allow an item with exactly this content to be used; without one, list what is allowed",
        (
            Option(("ITEM",), "NAME@VERSION", "item", "ITEM", completes="item"),
            Option(("DIGEST",), "as the refusal names it", "digest", "DIGEST"),
            Option(("--withdraw",), "instead, allow no version of the item any more", "withdraw"),
            JSON,
        ),
        ("trust team/mnist@1.2.0 sha256:0b41...", "trust team/mnist --withdraw"),
    ),
    Verb(
        "verify",
        "compare what lies on the disk with the digests that were published, allowed and used",
        (Option(("ITEM",), "only this item", "item", "ITEM", completes="item"), JSON),
        ("verify", "verify mnist"),
    ),
    Verb(
        "export",
        "print a job template as an OpenPAI job, its variables filled in",
        (
            _ITEM,
            _VARIABLES,
            Option(("--plain",), "without what only jupyter-cube knows", "plain"),
            Option(("--original",), "instead, what an imported item was made of", "original"),
            JSON,
        ),
        ("export sweep n=4", "export tfjob --original"),
    ),
)
