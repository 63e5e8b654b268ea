package glia.jinja.syntax;

import glia.jinja.value.Operators.Comparison;
import glia.jinja.value.Operators.Operator;
import java.util.List;

/// An expression.
public sealed interface Expr {
    /// A literal; also the text between tags.
    record Constant(Object value) implements Expr { }

    /// A variable.
    record Name(String name) implements Expr { }

    /// `(a, b)`
    record TupleOf(List<Expr> items) implements Expr { }

    /// `[a, b]`
    record ListOf(List<Expr> items) implements Expr { }

    /// `{a: b, c: d}`
    record DictOf(List<Expr> keys, List<Expr> values) implements Expr { }

    /// `target.name`
    record Attribute(Expr target, String name) implements Expr { }

    /// `target[index]`
    record Item(Expr target, Expr index) implements Expr { }

    /// `target[start:stop:step]`; an absent bound is the constant `none`.
    record Slice(Expr target, Expr start, Expr stop, Expr step) implements Expr { }

    /// `target(…)`
    record Call(Expr target, CallArguments arguments) implements Expr { }

    /// `target | name(…)`
    record Filter(Expr target, String name, CallArguments arguments) implements Expr { }

    /// `target is name(…)`
    record Test(Expr target, String name, CallArguments arguments) implements Expr { }

    /// `-operand`
    record Negate(Expr operand) implements Expr { }

    /// `+operand`
    record Plus(Expr operand) implements Expr { }

    /// `not operand`
    record Not(Expr operand) implements Expr { }

    /// `left + right` and the other arithmetic operators.
    record Arithmetic(Operator operator, Expr left, Expr right) implements Expr { }

    /// `a ~ b ~ c`
    record Concat(List<Expr> parts) implements Expr { }

    /// `first < a <= b`: each operand is compared with the one before it.
    record Compare(Expr first, List<Comparison> comparisons, List<Expr> operands) implements Expr { }

    /// `left and right`: one of the two values.
    record And(Expr left, Expr right) implements Expr { }

    /// `left or right`: one of the two values.
    record Or(Expr left, Expr right) implements Expr { }

    /// `then if test else otherwise`; undefined where the test fails and there is no `else`.
    record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {
        /// Marks an absent `else`.
        public static final Expr MISSING = new Constant(null);
    }

    /// The arguments of a call, filter or test as written: `(a, b, *more, name=c, **rest)`.
    ///
    /// @param more at most one expression
    /// @param rest at most one expression
    record CallArguments(List<Expr> positional, List<String> names, List<Expr> named, List<Expr> more,
            List<Expr> rest) {
        /// No arguments.
        public static final CallArguments NONE =
                new CallArguments(List.of(), List.of(), List.of(), List.of(), List.of());

        /// Arguments by position only.
        public static CallArguments of(List<Expr> positional) {
            return new CallArguments(positional, List.of(), List.of(), List.of(), List.of());
        }
    }
}
