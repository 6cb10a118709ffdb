"""``%cube`` and ``%%cube``: registered here, done in ``session``, which is imported when the first one runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from IPython.core.completer import context_matcher
from IPython.core.getipython import get_ipython
from IPython.core.magic import no_var_expand

if TYPE_CHECKING:
    from IPython.core.completer import CompletionContext, SimpleMatcherResult
    from IPython.core.interactiveshell import InteractiveShell


@no_var_expand  # {x} and $x belong to the cell: template variables, JSON, shell
def cube(line: str, cell: str | None = None) -> Any:
    """Submit jobs and look after them.

    ``%%cube submit [options]`` makes a job of the cell; ``%cube VERB ...`` does everything else.
    ``%cube`` lists the verbs, ``%cube VERB -h`` shows what one can do.
    """
    from jupyter_cube.notebook.session import session

    shell = get_ipython()
    assert shell is not None, "a magic runs in IPython"
    return session(shell).line(line) if cell is None else session(shell).cell(line, cell)


@context_matcher()  # type: ignore[untyped-decorator]
def _cube_matcher(context: CompletionContext) -> SimpleMatcherResult:
    from jupyter_cube.notebook.completion import matches

    return matches(context)


def load_ipython_extension(shell: InteractiveShell) -> None:
    """Called by ``%load_ext jupyter_cube``."""
    shell.magics_manager.register_function(cube, magic_kind="line_cell", magic_name="cube")
    if _cube_matcher not in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.append(_cube_matcher)


def unload_ipython_extension(shell: InteractiveShell) -> None:
    """Called by ``%unload_ext jupyter_cube``."""
    for kind in ("line", "cell"):
        shell.magics_manager.magics[kind].pop("cube", None)
    if _cube_matcher in shell.Completer.custom_matchers:
        shell.Completer.custom_matchers.remove(_cube_matcher)
