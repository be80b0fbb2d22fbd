"""The mutants of the reference manager, as cosmic-ray makes them, less those that differ in no instruction."""

from __future__ import annotations

import ast
import hashlib
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import MutationVisitor
from cosmic_ray.plugins import get_operator, operator_names

from .project_copy import PACKAGE

# The lower layers first: what is built on them dies of them too.
MODULES = (
    "store",
    "age",
    "lines",
    "durable",
    "lease",
    "identity",
    "quarantine",
    "transcripts",
    "answer",
    "dispatch",
    "probe",
    "program",
    "lifecycle",
    "manager",
    "history",
    "history_prompts",
    "history_resume",
    "history_transcripts",
    "recovery",
    "recovery_copy",
    "recovery_limit",
    "recovery_scan",
    "idle",
    "binds",
    "export",
    "export_forms",
    "tmux",
    "tmux_server",
    "tmux_window",
)
"""All of the manager; what is not here is the command line on top of it."""

# One replacement a place where more would say the same: of a path and a name, eleven of eleven raise a TypeError.
_OPERATORS = {
    *("Add_Sub", "Sub_Add", "Mul_Div", "Div_Mul", "FloorDiv_Div", "Mod_Div", "Pow_Mul", "BitOr_BitAnd"),
    *("BitAnd_BitOr", "BitXor_BitAnd", "LShift_RShift", "RShift_LShift"),
}
# The opposite, and the two neighbours that only a value at or beside the boundary tells apart.
_COMPARISONS = {
    *("Eq_NotEq", "Eq_LtE", "Eq_GtE", "NotEq_Eq", "NotEq_Lt", "NotEq_Gt", "Lt_GtE", "Lt_LtE", "Lt_NotEq"),
    *("LtE_Gt", "LtE_Lt", "LtE_Eq", "Gt_LtE", "Gt_GtE", "Gt_NotEq", "GtE_Lt", "GtE_Gt", "GtE_Eq"),
    *("Is_IsNot", "IsNot_Is"),
}


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of one module.

    :param id: of the changed text, so that it stays while the module does
    :param module: without its suffix
    :param operator: cosmic-ray's name of the change
    :param occurrence: which of the operator's places in the module
    :param line: where it is, from 1
    :param column: from 0
    :param definition: the function or class around it, as `Class.method`; empty at the top of the module
    :param before: the changed lines as they were, without indentation
    :param after: the same as they are
    """

    id: str
    module: str
    operator: str
    occurrence: int
    line: int
    column: int
    definition: str
    before: str
    after: str


def mutants_of(module: str, source: str) -> Iterator[Mutant]:
    """The mutants of one module, in cosmic-ray's order; each text once."""
    tree = get_ast(source)
    seen = {_instructions(source)}
    for name in operator_names():
        kind = get_operator(name)
        if kind.arguments() or not _is_made(name):
            continue  # with arguments it would have to be told names of variables
        operator = kind()
        places = [place for node in ast_nodes(tree) for place in operator.mutation_positions(node)]
        for occurrence, ((line, column), _) in enumerate(places):
            try:
                text = _changed_by(kind(), occurrence, source)
                instructions = _instructions(text)
            except (SyntaxError, AttributeError):  # the latter where cosmic-ray meets `except module.Error`
                continue
            if instructions in seen:
                continue
            seen.add(instructions)
            before, after = _changed(source, text)
            yield Mutant(
                hashlib.sha256(f"{module}\n{text}".encode()).hexdigest()[:32],
                module,
                name.partition("/")[2],
                occurrence,
                line,
                column,
                _definition(source, line),
                before,
                after,
            )


def text_of(mutant: Mutant, source: str) -> str:
    """The module with the change."""
    return _changed_by(get_operator(f"core/{mutant.operator}")(), mutant.occurrence, source)


@cache
def _pickled_tree(source: str) -> bytes:
    return pickle.dumps(get_ast(source))


def _changed_by(operator: Any, occurrence: int, source: str) -> str:
    # As cosmic-ray's mutate_code does it, with a tree that need not be parsed anew.
    text: str = MutationVisitor(occurrence, operator).walk(pickle.loads(_pickled_tree(source))).get_code()
    return text


def source_of(copy: Path, module: str) -> str:
    """The module as it is."""
    return (copy / PACKAGE / f"{module}.py").read_text("utf-8")


def _is_made(operator: str) -> bool:
    kind, _, change = operator.partition("/")[2].partition("_")
    chosen = {"ReplaceBinaryOperator": _OPERATORS, "ReplaceComparisonOperator": _COMPARISONS}.get(kind)
    return chosen is None or change in chosen


class _WithoutTypes(ast.NodeTransformer):
    """Types of arguments and variables are never evaluated here (`from __future__ import annotations`)."""

    def visit_arg(self, node: ast.arg) -> ast.arg:
        node.annotation = None
        return node

    def visit_FunctionDef(self, node: ast.FunctionDef) -> ast.AST:
        node.returns = None
        return self.generic_visit(node)

    def visit_arguments(self, node: ast.arguments) -> ast.AST:
        # cosmic-ray takes the mark of keyword arguments for a product.
        node.args, node.posonlyargs, node.kwonlyargs = [*node.posonlyargs, *node.args, *node.kwonlyargs], [], []
        node.defaults, node.kw_defaults = [*node.defaults, *filter(None, node.kw_defaults)], []
        return self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        node.annotation = ast.Constant(None)
        return self.generic_visit(node)

    def visit_If(self, node: ast.If) -> ast.AST:
        if isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING":
            return ast.Pass()
        return self.generic_visit(node)


def _instructions(source: str) -> str:
    return ast.dump(_WithoutTypes().visit(ast.parse(source)))


def _changed(source: str, text: str) -> tuple[str, str]:
    """The lines that differ, before and after."""
    old, new = source.splitlines(), text.splitlines()
    first = next((n for n, (a, b) in enumerate(zip(old, new, strict=False)) if a != b), min(len(old), len(new)))
    last = 0
    while last < min(len(old), len(new)) - first and old[-1 - last] == new[-1 - last]:
        last += 1
    told = ("\n".join(map(str.strip, lines[first : len(lines) - last])) for lines in (old, new))
    before, after = told
    return before, after


def _definition(source: str, line: int) -> str:
    names: list[str] = []
    body = _statements(source)
    while True:
        found = next(
            (n for n in body if isinstance(n, _DEFINITIONS) and _first(n) <= line <= (n.end_lineno or 0)), None
        )
        if found is None:
            return ".".join(names)
        names.append(found.name)
        body = found.body


@cache
def _statements(source: str) -> list[ast.stmt]:
    return ast.parse(source).body


_DEFINITIONS = (ast.FunctionDef, ast.ClassDef)


def _first(node: ast.FunctionDef | ast.ClassDef) -> int:
    return min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
