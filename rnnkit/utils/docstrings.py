"""What sources say of the arguments of a class or function, read without importing them.

Importing a model takes seconds, as it needs TensorFlow; reading its source takes milliseconds.
"""

import ast
import functools
import importlib.util
import inspect
import pathlib
import re
import textwrap
import typing


class Definition(typing.NamedTuple):
    """A class or function, as its source has it.

    Attributes:
        name: Its name.
        defaults: Dict of argument to default: `inspect.Parameter.empty` for none, `...` for one
            that only running the source would tell.
        texts: Dict of argument to what the section `Args:` of the docstring says of it.
    """

    name: str
    defaults: dict
    texts: dict


def arguments(docstring, section="Args"):
    """What a docstring says of each argument.

    Args:
        docstring: The text, or None.
        section: Heading of the arguments.

    Returns:
        Dict of name to text. Of `a, b: text` both names have the text.

    Example:

    >>> arguments("Adds.\\n\\nArgs:\\n    x, y: Numbers,\\n        of any size.")
    {'x': 'Numbers, of any size.', 'y': 'Numbers, of any size.'}
    """
    found = re.search(
        rf"^{section}:\n((?:[ \t]+.*\n|\n)*)", inspect.cleandoc(docstring or "") + "\n", re.M
    )
    if not found:
        return {}
    texts = {}
    for entry in re.split(r"\n(?=\S)", textwrap.dedent(found[1]).strip()):
        names, colon, text = entry.partition(":")
        if colon:
            for name in names.replace("`", "").split(","):
                texts[name.strip(" *")] = " ".join(text.split())
    return texts


@functools.cache
def definition(package, name):
    """The class or function of a name in a package, from the package's source.

    Of a class the arguments are those of its constructor. What the docstring leaves to another
    one (`units: As in `recurrent`.`) is looked up there, if that is in the package or in
    `rnnkit.layers`.

    Args:
        package: Name of a package, such as `"rnnkit.models"`.
        name: Name of the class or function.

    Returns:
        A `Definition`, or None if there is none.
    """
    for path in _sources(package):
        source = path.read_text(encoding="utf-8")
        if not re.search(rf"^(class|def) {re.escape(name)}\b", source, re.M):
            continue
        body = ast.parse(source).body
        constants = {
            each.targets[0].id: each.value
            for each in body
            if isinstance(each, ast.Assign) and isinstance(each.targets[0], ast.Name)
        }
        node = next(each for each in body if getattr(each, "name", None) == name)
        return _read(package, node, constants)
    return None


@functools.cache
def _sources(package):
    spec = importlib.util.find_spec(package)
    folders = (spec and spec.submodule_search_locations) or ()
    return [path for folder in folders for path in sorted(pathlib.Path(folder).rglob("*.py"))]


def _read(package, node, constants):
    texts = arguments(ast.get_docstring(node))
    inherited = None
    function = node
    if isinstance(node, ast.ClassDef):
        bases = [definition(package, each.id) for each in node.bases if isinstance(each, ast.Name)]
        inherited = next(filter(None, bases), None)
        own = [each for each in node.body if getattr(each, "name", None) == "__init__"]
        function = own[0] if own else None
    defaults = {}
    if function is None or function.args.kwarg:
        defaults = dict(inherited.defaults) if inherited else {}
    if function is not None:
        defaults |= _defaults(function.args, constants)
    if inherited:
        texts = {**inherited.texts, **texts}
    for name, text in texts.items():
        other = re.match(r"(.{,40}?)(?:, a|A)s in `(?:[\w.]+\.)?(\w+)`", text)
        meaning = text_of(package, other[2], name) if other else ""
        if meaning:
            texts[name] = f"{other[1]}: {meaning}" if other[1] else meaning
    return Definition(node.name, defaults, texts)


def text_of(package, owner, name):
    """What a class or function says of an argument.

    Args:
        package: Name of the package that it is in; `rnnkit.layers` is looked at too.
        owner: Name of the class or function.
        name: Name of the argument, or its position.

    Returns:
        The text, empty if there is none.
    """
    for each in (package, "rnnkit.layers"):
        found = definition(each, owner)
        if found and isinstance(name, int):
            name = list(found.defaults)[name]
        if found and name in found.texts:
            return found.texts[name]
    return ""


def _defaults(args, constants):
    ordered = [*args.posonlyargs, *args.args]
    missing = [None] * (len(ordered) - len(args.defaults))
    pairs = [*zip(ordered, [*missing, *args.defaults], strict=True)]
    pairs += zip(args.kwonlyargs, args.kw_defaults, strict=True)
    return {each.arg: _value(node, constants) for each, node in pairs if each.arg != "self"}


def _value(node, constants):
    if node is None:
        return inspect.Parameter.empty
    try:
        return ast.literal_eval(constants.get(getattr(node, "id", None), node))
    except ValueError:
        return ...


def passed_on(function):
    """Which argument of another class or function each keyword argument of a function becomes.

    Args:
        function: A function whose source can be found.

    Returns:
        Dict of keyword argument to the pair of what is called (its name without the package) and
        the argument there, a name or a position. Where there are several, the first.

    Example:

    >>> def features(data, *, most=9):
    ...     return rnnkit.features.Text(max_length=most)
    >>> passed_on(features)
    {'most': ('Text', 'max_length')}
    """
    try:
        node = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    except (OSError, TypeError, SyntaxError):
        return {}
    if getattr(node, "name", None) != function.__name__:
        return {}  # the file was changed since
    names = {each.arg for each in node.args.kwonlyargs}
    found = {}
    for call in ast.walk(node):
        if not isinstance(call, ast.Call):
            continue
        called = getattr(call.func, "attr", getattr(call.func, "id", ""))
        given = [*enumerate(call.args), *((each.arg, each.value) for each in call.keywords)]
        for argument, value in given:
            if isinstance(value, ast.BoolOp):  # `name or None`
                value = value.values[0]
            if isinstance(value, ast.Name) and value.id in names and called[:1].isupper():
                found.setdefault(value.id, (called, argument))
    return found
