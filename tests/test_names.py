"""Which names a cell needs and makes."""

from __future__ import annotations

import ast
import builtins
import sys
import textwrap

import pytest

from jupyter_cube.cells import names


def analyse(text: str) -> names.Names:
    return names.analyse(ast.parse(textwrap.dedent(text)))


def needed(text: str) -> set[str]:
    return {name for name in analyse(text).free if not hasattr(builtins, name)}


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("x = a + b", {"a", "b"}),
        ("x = 1\nx", set()),
        ("x\nx = 1", {"x"}),
        ("x += 1", {"x"}),
        ("x[0] = 1", {"x"}),
        ("x.y = 1", {"x"}),
        ("del x", {"x"}),
        ("x = 1\ndel x\nx", {"x"}),
        ("a, (b, *c) = d\na, b, c", {"d"}),
        ("x: int = y", {"y"}),
        ("print(f'{a:{b}}')", {"a", "b"}),
        ("(n := len(xs)) and n", {"xs"}),
        ("import numpy as np, os.path\nnp, os", set()),
        ("from x import y as z\nz, y", {"y"}),
        # branches and loops: what not every path assigns is needed
        ("if c:\n    x = 1\nx", {"c", "x"}),
        ("if c:\n    x = 1\nelse:\n    x = 2\nx", {"c"}),
        ("if c:\n    x = 1\nelse:\n    raise E\nx", {"c", "E"}),
        ("for i in xs:\n    y = i\nprint(y)", {"xs", "y"}),
        ("while c:\n    x = 1\n    x", {"c"}),
        ("try:\n    x = f()\nexcept E as e:\n    x = e\nx", {"f", "E"}),
        ("try:\n    x = f()\nexcept E:\n    pass\nx", {"f", "E", "x"}),
        ("try:\n    pass\nfinally:\n    x = 1\nx", set()),
        ("with a() as f:\n    x = f\nx", {"a"}),
        ("with quiet():\n    raise E\nprint(x)", {"quiet", "E", "x"}),
        ("match v:\n    case [a, *b] if g: a, b\n    case {'k': w, **r}: w, r\n    case C(d): d", {"v", "g", "C"}),
        # scopes
        ("[i * k for i in xs for j in i if j]", {"k", "xs"}),
        ("{k: v for k, v in d.items()}", {"d"}),
        ("lambda a, b=c: a + b + e", {"c", "e"}),
        ("def f(a, b=c, *d) -> r:\n    z = a\n    return z + g\n", {"c", "r", "g"}),
        ("def f():\n    def g():\n        return h\n    return g", {"h"}),
        ("def f():\n    global g\n    g = h", {"h"}),
        ("def f():\n    return x.attribute\n", {"x"}),
        ("@deco(k)\nclass A(Base, metaclass=M):\n    z = w\n    def m(self): return z2, self", {
            "deco", "k", "Base", "M", "w", "z2"}),
        ("class A:\n    z = 1\n    y = z\n", set()),
        # a function's body counts where the function is used
        ("def f(): return lr\nlr = 1\nf()", set()),
        ("def f(): return lr\nf()\nlr = 1", {"lr"}),
        ("def f(): return lr\nlr = 1", set()),
        ("def a(): return b()\ndef b(): return lr\na()\nlr = 1", {"lr"}),
        ("def a(n): return b(n)\ndef b(n): return a(n)\na(1)", set()),
        ("class A:\n    def m(self): return lr\nA()\nlr = 1", {"lr"}),
    ],
)  # fmt: skip
def test_free_names(text: str, free: set[str]) -> None:
    assert needed(text) == free


@pytest.mark.skipif(sys.version_info < (3, 12), reason="type parameters are newer")
def test_type_parameters_are_no_free_names() -> None:
    assert needed("def f[T](x: T) -> T: return x") == set()


def test_the_line_is_that_of_the_first_reading() -> None:
    found = analyse("\n\nx = lr\n\ndef f():\n    pass\n    return df\n").free
    assert (found["lr"], found["df"]) == (3, 7)


def test_assigned_names() -> None:
    found = analyse(
        """
        import a.b
        from c import d as e
        f = 1
        for g in []: pass
        with x as h: pass
        def i(): global j; j = 1
        class k: l = 1
        try: pass
        except E as m: pass
        if (n := 1): pass
        o: int
        [p for p in x]
        """
    )
    assert found.assigned == {"a", "e", "f", "g", "h", "i", "j", "k", "m", "n"}
    assert not found.star
    assert analyse("from os import *").star


def test_chains_of_attributes() -> None:
    assert analyse("scipy.stats.norm(1)\ndef f(): return os.path.join").dotted >= {"scipy.stats.norm", "os.path.join"}


@pytest.mark.parametrize(
    ("text", "free"),
    [
        ("get_ipython().system('echo {a + b[0]} $c $$ \"d\"')", {"a", "b", "c"}),
        ("x = get_ipython().getoutput('ls {a}')", {"a"}),
        ("get_ipython().run_line_magic('time', 'y = f(x)')\ny", {"f", "x"}),
        ("get_ipython().run_line_magic('timeit', '-n 3 f(x)')", {"f", "x"}),
        ("get_ipython().run_cell_magic('bash', '', 'echo {a} $b')", set()),
        ("get_ipython().run_cell_magic('capture', 'out', 'y = f(x)\\n')\ny", {"f", "x"}),
        ("def g():\n    get_ipython().system('echo {a}')\ng()", {"a"}),
    ],
)
def test_names_in_the_strings_of_magics(text: str, free: set[str]) -> None:
    found = {name for name in needed(text) if len(name) == 1}
    assert found == free
