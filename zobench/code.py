"""The code that a cell's numbers depend on, hashed by reading it: nothing is imported, and above all no jax."""

import ast
import hashlib
import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import PackageNotFoundError, packages_distributions, version
from pathlib import Path

LIBRARIES = ("jax", "jaxlib", "optax", "numpy", "scipy")  # their versions are part of every key
# zobench imports them; they decide no number
NUMBERLESS = ("hydra", "jaxtyping", "lazy_loader", "matplotlib", "omegaconf", "pandas", "rich")
FRONT = ("zobench", "zobench.problems")  # their stubs name much; within zobench they are folders and no more
INSTALLED = ("site-packages", "dist-packages")
DISTRIBUTIONS = {"sklearn": "scikit-learn", "yaml": "PyYAML"}  # to ask for all of them takes longer than all the rest


def code_hash(modules: Iterable[str]) -> str:
    """SHA-256 of the modules and of all they import, and again: of code its bytes, of installed packages the version.

    Of installed packages only zobench and those of the modules themselves are read; the standard library is not.
    An import by a name that is made as the code runs is not seen: `unseen` is told afterwards.
    """
    return _code_hash(frozenset(modules))


def unseen(modules: Iterable[str], imported: Iterable[str]) -> list[str]:
    """Files of one's own among the imported modules that `code_hash` does not see: by names made as the code ran."""
    known, found = _code(frozenset(modules)), []
    for name in imported:
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in known or _top(name) in ("zobench", "__main__") or not str(file).endswith(".py"):
            continue
        if _top(name) not in sys.stdlib_module_names and not _is_installed(_top(name)):
            found.append(str(file))
    return sorted(found)


@cache
def _code_hash(modules: frozenset[str]) -> str:
    return hashlib.sha256(json.dumps(_code(modules), sort_keys=True).encode()).hexdigest()


@cache
def _code(modules: frozenset[str]) -> dict[str, str]:
    """All modules that are read, with the hash or version of each."""
    read = {"zobench", *(_top(name) for name in modules)}
    pending, found = [(name, name) for name in modules], {}
    while pending:
        name, asked_by = pending.pop()
        top = _top(name)
        if name in found or top in sys.stdlib_module_names or top in (*LIBRARIES, *NUMBERLESS):
            continue
        if name in FRONT and _top(asked_by) == "zobench":
            continue
        if top not in read and _is_installed(top):
            found[top] = _version(top)
        elif source := _source(name):
            found[name], imported = source
            parent = [name.rpartition(".")[0]] * ("." in name)  # a package runs before what is in it
            pending += [(one, asked_by if name in FRONT else name) for one in (*imported, *parent)]
    return found


def clear_code_hashes() -> None:
    """For whoever edits code while it runs."""
    for known in (_code_hash, _code, _source, _spec, _is_installed):
        known.cache_clear()


def _top(module: str) -> str:
    return module.partition(".")[0]


@cache
def _source(module: str) -> tuple[str, list[str]] | None:
    """The hash of a module's file, and the names of what it imports; None where there is no such file."""
    spec = _spec(module)
    if spec is None:
        return None
    file = Path(spec.origin or "")
    try:
        data = file.read_bytes()
    except OSError:  # built in, or a folder without code
        return None
    stub = file.with_suffix(".pyi")  # what a package loads when it is asked for
    data += stub.read_bytes() if stub.is_file() else b""
    package = spec.name if spec.submodule_search_locations is not None else spec.name.rpartition(".")[0]
    imported = list(_imports(data, package)) if str(spec.origin).endswith(".py") else []
    return hashlib.sha256(data).hexdigest(), imported


@cache
def _is_installed(top: str) -> bool:
    spec = _spec(top)
    places = [spec.origin, *(spec.submodule_search_locations or ())] if spec else []
    return any(part in INSTALLED for place in places if place for part in Path(place).parts)


@cache
def _version(top: str) -> str:
    name = DISTRIBUTIONS.get(top, top)
    try:
        return version(name)
    except PackageNotFoundError:
        return " ".join(sorted(f"{each} {version(each)}" for each in packages_distributions().get(top, ())))


@cache
def _spec(module: str) -> ModuleSpec | None:
    """As importlib's find_spec, which would import the packages on the way."""
    parent, path = module.rpartition(".")[0], None
    if parent:
        found = _spec(parent)
        if found is None or found.submodule_search_locations is None:
            return None
        path = list(getattr(found.submodule_search_locations, "_path", found.submodule_search_locations))
    for finder in sys.meta_path:
        with suppress(ImportError, ValueError, AttributeError):
            if spec := finder.find_spec(module, path):
                return spec
    return None


def _imports(source: bytes, package: str) -> Iterator[str]:
    """The absolute names of all that may be a module among what a module of that package imports, anywhere in it."""
    try:
        nodes = ast.walk(ast.parse(source))
    except (SyntaxError, ValueError):  # told by whoever imports it
        return
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield base
            yield from (f"{base}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call):
            function = getattr(node.func, "attr", getattr(node.func, "id", ""))
            if function not in ("import_module", "__import__"):
                continue
            name = getattr(node.args[0], "value", "") if node.args else ""
            if isinstance(name, str) and all(part.isidentifier() for part in name.split(".")):
                yield name
