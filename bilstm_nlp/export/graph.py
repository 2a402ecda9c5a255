"""A graph of ONNX in the making: inputs, weights and nodes, by the names of their values.

Layers add their nodes to a `Graph`, a function a layer. A value is the name of a node's output, of an input or of a
weight. No other module imports onnx.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, TypeAlias

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper
from torch import Tensor, nn

Value: TypeAlias = str
"""The name of a value in a graph."""
Kind: TypeAlias = Literal["float32", "int64", "int32", "bool"]
Attributes: TypeAlias = Mapping[str, int | float | str | Sequence[int]]

KINDS: Mapping[Kind, int] = {
    "float32": TensorProto.FLOAT,
    "int64": TensorProto.INT64,
    "int32": TensorProto.INT32,
    "bool": TensorProto.BOOL,
}
SHARED = 16
"""Numbers of a constant that is looked for among the constants before it, at most."""
REDUCTIONS_TAKE_AXES = 18
"""The opset from which the axes of a maximum or a mean are an input."""


class Graph:
    """Inputs, weights and nodes.

    >>> graph = Graph(17)
    >>> doubled = graph.node("Add", [graph.input("x", "float32", ["n"])] * 2)
    >>> len(graph.model({"y": (doubled, ["n"])}).graph.node)
    2
    """

    def __init__(self, opset: int) -> None:
        self.opset = opset
        self._inputs: list[Any] = []
        self._weights: list[Any] = []
        self._shared: dict[object, Value] = {}
        self._nodes: list[Any] = []
        self._values = 0

    # --- values ---

    def input(self, name: str, kind: Kind, shape: Sequence[int | str]) -> Value:
        """Add an input. A dimension without a fixed size has a name."""
        self._inputs.append(helper.make_tensor_value_info(name, KINDS[kind], shape))
        return name

    def weight(self, array: Tensor | np.ndarray[Any, Any]) -> Value:
        """Add a weight, or any other constant. Equal constants of a few numbers are added once."""
        values = np.asarray(array.detach().cpu().numpy() if isinstance(array, Tensor) else array, order="C")
        key = (values.dtype.str, values.shape, values.tobytes()) if values.size <= SHARED else None
        if key in self._shared:
            return self._shared[key]
        name = f"weight_{len(self._weights)}"
        self._weights.append(numpy_helper.from_array(values, name))
        if key is not None:
            self._shared[key] = name
        return name

    def ints(self, numbers: Sequence[int]) -> Value:
        """Add a list of integers, such as axes or a shape."""
        return self.weight(np.array(numbers, np.int64))

    def integer(self, number: int) -> Value:
        """Add one integer, a scalar."""
        return self.weight(np.array(number, np.int64))

    def number(self, number: float) -> Value:
        """Add one number, a scalar."""
        return self.weight(np.array(number, np.float32))

    # --- nodes ---

    def node(self, operator: str, inputs: Sequence[Value], attributes: Attributes | None = None) -> Value:
        """Add a node with one output. An input that is left out is an empty name."""
        return self.nodes(operator, inputs, attributes, 1)[0]

    def nodes(self, operator: str, inputs: Sequence[Value], attributes: Attributes | None, outputs: int) -> list[Value]:
        """Add a node with so many outputs."""
        names = [self._name() for _ in range(outputs)]
        self._add(operator, inputs, names, attributes or {})
        return names

    def over_rows(self, rows: Value, step: Callable[[Value], Value]) -> Value:
        """(N, …) rows → (N, …): add a node that computes the values of `step` for each row, one after the other.

        `step` adds the nodes of a row; it may use values from outside.
        """
        outer, self._nodes = self._nodes, []
        row, result = self._name(), self._name()
        self._add("Identity", [step(row)], [result], {})
        body = helper.make_graph(
            self._nodes,
            "row",
            [helper.make_tensor_value_info(row, TensorProto.FLOAT, None)],
            [helper.make_tensor_value_info(result, TensorProto.FLOAT, None)],
        )
        self._nodes = outer
        name = self._name()
        node = helper.make_node("Scan", [rows], [name], f"Scan_{name}")
        node.attribute.extend([helper.make_attribute("body", body), helper.make_attribute("num_scan_inputs", 1)])
        self._nodes.append(node)
        return name

    def _add(self, operator: str, inputs: Sequence[Value], outputs: Sequence[Value], attributes: Attributes) -> None:
        node = helper.make_node(operator, list(inputs), list(outputs), f"{operator}_{outputs[0]}")
        node.attribute.extend(helper.make_attribute(name, value) for name, value in attributes.items())
        self._nodes.append(node)

    def _name(self) -> Value:
        self._values += 1
        return f"value_{self._values}"

    # --- layers that every part of a model has ---

    def linear(self, inputs: Value, layer: nn.Linear) -> Value:
        """(…, D) → (…, outputs)"""
        product = self.node("MatMul", [inputs, self.weight(layer.weight.T)])
        return product if layer.bias is None else self.node("Add", [product, self.weight(layer.bias)])

    def normed(self, inputs: Value, layer: nn.LayerNorm) -> Value:
        """(…, D) → (…, D): layer normalisation over the last dimension."""
        weights = [self.weight(layer.weight), self.weight(layer.bias)]
        return self.node("LayerNormalization", [inputs, *weights], {"axis": -1, "epsilon": layer.eps})

    def rows(self, table: Value, indices: Value) -> Value:
        """(V, …) table, (…) indices → the rows of the table"""
        return self.node("Gather", [table, indices], {"axis": 0})

    def concatenated(self, values: Sequence[Value], axis: int) -> Value:
        """Join values along an axis."""
        return values[0] if len(values) == 1 else self.node("Concat", values, {"axis": axis})

    def reshaped(self, value: Value, shape: Sequence[int]) -> Value:
        """Reshape; 0 keeps a dimension, -1 is what remains."""
        return self.node("Reshape", [value, self.ints(shape)])

    def transposed(self, value: Value, order: Sequence[int]) -> Value:
        """Reorder the dimensions."""
        return self.node("Transpose", [value], {"perm": order})

    def unsqueezed(self, value: Value, *axes: int) -> Value:
        """Add dimensions of size 1."""
        return self.node("Unsqueeze", [value, self.ints(axes)])

    def squeezed(self, value: Value, axis: int) -> Value:
        """Remove a dimension of size 1."""
        return self.node("Squeeze", [value, self.ints([axis])])

    def cast(self, value: Value, kind: Kind) -> Value:
        """Convert to another type."""
        return self.node("Cast", [value], {"to": KINDS[kind]})

    def part(self, value: Value, axis: int, start: int, end: int | None = None) -> Value:
        """Cut a range out of a dimension, by default to its end."""
        last = np.iinfo(np.int64).max if end is None else end
        return self.node("Slice", [value, self.ints([start]), self.ints([last]), self.ints([axis])])

    def size(self, value: Value, axis: int) -> Value:
        """Return the size of a dimension, a scalar."""
        return self.rows(self.node("Shape", [value]), self.integer(axis))

    def steps(self, value: Value, axis: int) -> Value:
        """Count 0, 1, … over a dimension."""
        return self.node("Range", [self.integer(0), self.size(value, axis), self.integer(1)])

    def largest(self, value: Value, axis: int) -> Value:
        """Return the maximum over a dimension, which vanishes."""
        if self.opset >= REDUCTIONS_TAKE_AXES:
            return self.node("ReduceMax", [value, self.ints([axis])], {"keepdims": 0})
        return self.node("ReduceMax", [value], {"axes": [axis], "keepdims": 0})

    def total(self, value: Value, axis: int) -> Value:
        """Return the sum over a dimension, which vanishes."""
        return self.node("ReduceSum", [value, self.ints([axis])], {"keepdims": 0})

    def inside(self, lengths: Value, states: Value) -> Value:
        """(B,) lengths, (B, T, …) states → (B, T) bool: True inside a sequence, False at padding."""
        return self.node("Less", [self.steps(states, 1), self.unsqueezed(lengths, 1)])

    # --- the whole ---

    def model(self, outputs: Mapping[str, tuple[Value, Sequence[int | str]]]) -> Any:
        """Return the model, checked. `outputs`: the value and the shape of each output of float32 numbers."""
        for name, (value, _) in outputs.items():
            self._add("Identity", [value], [name], {})
        results = [
            helper.make_tensor_value_info(name, TensorProto.FLOAT, shape) for name, (_, shape) in outputs.items()
        ]
        graph = helper.make_graph(self._nodes, "model", self._inputs, results, self._weights)
        opsets = [helper.make_opsetid("", self.opset)]
        model = helper.make_model(graph, opset_imports=opsets, producer_name="bilstm-nlp")
        model.ir_version = helper.find_min_ir_version_for(opsets)
        onnx.checker.check_model(model, full_check=True)
        return model
