"""Binary decision diagrams: a truth function in one canonical form, from which its chance follows in one pass."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from capacity.structure import Gate

FALSE, TRUE = 0, 1
VARIABLES_MAX = 700
"""Above this, recursion over the variables would meet the limit of the interpreter."""


class TooLargeError(Exception):
    """The diagram would need more nodes or variables than allowed: use bounds or simulation instead."""


class Diagram:
    """Functions of variables 0..variables-1, each a node number; equal functions have equal numbers.

    A node is (variable, function when it is false, function when it is true); children come before parents.
    """

    def __init__(self, variables: int, nodes_max: int) -> None:
        if variables > VARIABLES_MAX:
            raise TooLargeError(f"{variables} causes, at most {VARIABLES_MAX} are solved exactly")
        self.nodes: list[tuple[int, int, int]] = [(variables, FALSE, FALSE), (variables, TRUE, TRUE)]
        self._nodes_max = nodes_max
        self._unique: dict[tuple[int, int, int], int] = {}
        self._known: dict[tuple[int, int, int], int] = {}

    def variable(self, index: int) -> int:
        """The function that is true when this variable is."""
        return self._node(index, FALSE, TRUE)

    def ite(self, f: int, g: int, h: int) -> int:
        """g where f is true, h elsewhere."""
        if f == TRUE or g == h:
            return g
        if f == FALSE:
            return h
        if g == TRUE and h == FALSE:
            return f
        key = (f, g, h)
        found = self._known.get(key)
        if found is not None:
            return found
        nodes = self.nodes
        a, b, c = nodes[f], nodes[g], nodes[h]
        top = min(a[0], b[0], c[0])
        low = self.ite(a[1] if a[0] == top else f, b[1] if b[0] == top else g, c[1] if c[0] == top else h)
        high = self.ite(a[2] if a[0] == top else f, b[2] if b[0] == top else g, c[2] if c[0] == top else h)
        made = self._node(top, low, high)
        self._known[key] = made
        return made

    def both(self, f: int, g: int) -> int:
        """f and g."""
        return self.ite(f, g, FALSE)

    def either(self, f: int, g: int) -> int:
        """f or g."""
        return self.ite(f, TRUE, g)

    def gate(self, gate: Gate, value: Mapping[str, int]) -> int:
        """The function of a gate from those of its inputs."""
        inputs = [value[name] for name in gate.inputs]
        if gate.op == "not":
            return self.ite(inputs[0], FALSE, TRUE)
        if gate.op == "atleast":
            return self._atleast(inputs, gate.weights or (1,) * len(inputs), gate.threshold)
        out = TRUE if gate.op == "and" else FALSE
        for each in sorted(inputs, reverse=True):  # large functions first: fewer steps in between
            out = self.both(out, each) if gate.op == "and" else self.either(out, each)
        return out

    def _atleast(self, inputs: Sequence[int], weights: Sequence[int], threshold: int) -> int:
        """True when the weights of the true inputs reach the threshold: from the last input to the first, one
        function for every amount still needed."""
        wanted: list[set[int]] = [{threshold}]
        for weight in weights:
            wanted.append({n - w for n in wanted[-1] for w in (0, weight) if n > 0})
        left = {n: TRUE if n <= 0 else FALSE for n in wanted[-1]}
        for i in range(len(inputs) - 1, -1, -1):
            left = {
                n: TRUE if n <= 0 else self.ite(inputs[i], left[n - weights[i]], left[n]) for n in wanted[i]
            }
        return left[threshold]

    def below(self, root: int) -> list[int]:
        """Inner nodes of a function, children before parents."""
        seen, todo = {FALSE, TRUE}, [root]
        while todo:
            node = todo.pop()
            if node not in seen:
                seen.add(node)
                todo += self.nodes[node][1:]
        return sorted(seen - {FALSE, TRUE})

    def chance_false(self, root: int, q: Sequence[float]) -> dict[int, float]:
        """Chance that each node below the root (and the root) is false, when variable i is false with chance q[i].
        Sums of products only: tiny chances keep all their digits."""
        chance = {FALSE: 1.0, TRUE: 0.0}
        for node in self.below(root):
            index, low, high = self.nodes[node]
            chance[node] = q[index] * chance[low] + (1 - q[index]) * chance[high]
        return chance

    def importance(self, root: int, q: Sequence[float]) -> dict[int, float]:
        """Per variable: by how much its being false raises the chance that the root is (Birnbaum 1969)."""
        chance = self.chance_false(root, q)
        reached = dict.fromkeys(chance, 0.0)
        reached[root] = 1.0
        out: dict[int, float] = {}
        for node in reversed(self.below(root)):
            index, low, high = self.nodes[node]
            reached[low] += reached[node] * q[index]
            reached[high] += reached[node] * (1 - q[index])
            out[index] = out.get(index, 0.0) + reached[node] * (chance[low] - chance[high])
        return out

    def _node(self, index: int, low: int, high: int) -> int:
        if low == high:
            return low
        key = (index, low, high)
        found = self._unique.get(key)
        if found is None:
            found = len(self.nodes)
            if found > self._nodes_max:
                raise TooLargeError(f"the decision diagram needs more than {self._nodes_max} nodes")
            self.nodes.append(key)
            self._unique[key] = found
        return found
