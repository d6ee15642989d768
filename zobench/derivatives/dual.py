"""Dual numbers a + bε, ε² = 0: f(a + bε) = f(a) + b f′(a) ε, which is forward mode (Clifford 1873; Wengert 1964)."""

from dataclasses import dataclass
from typing import Any

from zobench.derivatives.library import Function, Library


@dataclass(frozen=True, slots=True)
class Dual:
    """a + bε; a and b are numbers of any kind, arrays or dual numbers again.

    Dual numbers of different levels are not told apart: a function that is differentiated inside another must not use
    the outer one's variable (perturbation confusion, Siskind & Pearlmutter 2005).
    """

    a: Any
    b: Any
    __array_ufunc__ = None  # a NumPy number on the left leaves the operation to us

    def __add__(self, other: Any) -> "Dual":
        """(a + c) + (b + d)ε."""
        if isinstance(other, Dual):
            return Dual(self.a + other.a, self.b + other.b)
        return Dual(self.a + other, self.b)

    def __mul__(self, other: Any) -> "Dual":
        """Ac + (ad + bc)ε."""
        if isinstance(other, Dual):
            return Dual(self.a * other.a, self.a * other.b + self.b * other.a)
        return Dual(self.a * other, self.b * other)

    def __truediv__(self, other: Any) -> "Dual":
        """a/c + ((b − (a/c) d)/c)ε."""
        if isinstance(other, Dual):
            quotient = self.a / other.a
            return Dual(quotient, (self.b - quotient * other.b) / other.a)
        return Dual(self.a / other, self.b / other)

    def __rtruediv__(self, other: Any) -> "Dual":
        """c/(a + bε) = c/a − (c/a)(b/a)ε."""
        quotient = other / self.a
        return Dual(quotient, -quotient * self.b / self.a)

    def __neg__(self) -> "Dual":
        """−a − bε."""
        return Dual(-self.a, -self.b)

    def __sub__(self, other: Any) -> "Dual":
        """(a − c) + (b − d)ε."""
        if isinstance(other, Dual):
            return Dual(self.a - other.a, self.b - other.b)
        return Dual(self.a - other, self.b)

    def __rsub__(self, other: Any) -> "Dual":
        """(c − a) − bε."""
        return Dual(other - self.a, -self.b)

    def __rmatmul__(self, other: Any) -> "Dual":
        """Ma + (Mb)ε, M a matrix of constants."""
        return Dual(other @ self.a, other @ self.b)

    def sum(self) -> "Dual":
        """Σa + (Σb)ε, of arrays."""
        return Dual(self.a.sum(), self.b.sum())

    __radd__ = __add__
    __rmul__ = __mul__


def over(base: Library) -> Library:
    """Elementary functions of dual numbers, from the functions `base` of their parts; applied twice, they nest."""

    def tanh(x: Dual) -> Dual:
        value = base.tanh(x.a)
        return Dual(value, (1 - value * value) * x.b)

    def sigmoid(x: Dual) -> Dual:
        value = base.sigmoid(x.a)
        return Dual(value, value * (1 - value) * x.b)

    def exp(x: Dual) -> Dual:
        value = base.exp(x.a)
        return Dual(value, value * x.b)

    def sqrt(x: Dual) -> Dual:
        value = base.sqrt(x.a)
        return Dual(value, x.b / (2 * value))

    return Library(
        sin=lambda x: Dual(base.sin(x.a), base.cos(x.a) * x.b),
        cos=lambda x: Dual(base.cos(x.a), -base.sin(x.a) * x.b),
        exp=exp,
        log=lambda x: Dual(base.log(x.a), x.b / x.a),
        sqrt=sqrt,
        tanh=tanh,
        sigmoid=sigmoid,
        magnitude=lambda x: base.magnitude(x.a),
    )


def gradient(f: Function, base: Library, x: tuple[Any, ...]) -> list[Any]:
    """∂f/∂xᵢ of f(library, x1, x2, ...), one evaluation of f each."""
    own = over(base)
    return [f(own, *(Dual(xj, 1.0 if i == j else 0.0) for j, xj in enumerate(x))).b for i in range(len(x))]


def derivative(f: Function, base: Library, x: Any, order: int) -> Any:
    """f⁽ᵏ⁾(x) of f(library, x), k = order ≥ 0, by dual numbers of dual numbers; cost 3ᵏ or so evaluations."""
    if order == 0:
        return f(base, x)
    return derivative(f, over(base), Dual(x, 1.0), order - 1).b
