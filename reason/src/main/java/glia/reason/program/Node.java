package glia.reason.program;

import java.util.List;

/// The syntax tree of a program.
sealed interface Node {
    /// The line of the program, from 1.
    int line();

    /// A node with a value.
    sealed interface Expression extends Node { }

    record Constant(int line, Object value) implements Expression { }

    record Name(int line, String name) implements Expression { }

    record ListOf(int line, List<Expression> items) implements Expression { }

    record Negative(int line, Expression of) implements Expression { }

    record Not(int line, Expression of) implements Expression { }

    record Binary(int line, String sign, Expression left, Expression right) implements Expression { }

    /// A chain of comparisons such as `0 <= x < n`.
    record Comparison(int line, Expression first, List<String> signs, List<Expression> rest) implements Expression { }

    /// `and`, `or`
    record Logic(int line, boolean isAnd, Expression left, Expression right) implements Expression { }

    record Conditional(int line, Expression then, Expression test, Expression otherwise) implements Expression { }

    record Call(int line, String name, List<Expression> arguments) implements Expression { }

    record Method(int line, Expression of, String name, List<Expression> arguments) implements Expression { }

    record Index(int line, Expression of, Expression index) implements Expression { }

    /// A slice; bounds are null where they are absent.
    record Slice(int line, Expression of, Expression from, Expression to, Expression step) implements Expression { }

    /// A node that is executed.
    sealed interface Statement extends Node { }

    /// An assignment of as many values as targets.
    record Assign(int line, List<Expression> targets, List<Expression> values) implements Statement { }

    /// `x += 1`
    record Update(int line, Expression target, String sign, Expression value) implements Statement { }

    record Evaluate(int line, Expression value) implements Statement { }

    record If(int line, Expression test, List<Statement> then, List<Statement> otherwise) implements Statement { }

    record While(int line, Expression test, List<Statement> body) implements Statement { }

    record For(int line, String name, Expression values, List<Statement> body) implements Statement { }

    record Define(int line, String name, List<String> parameters, List<Statement> body) implements Statement { }

    /// A return; the value is null where it is absent.
    record Return(int line, Expression value) implements Statement { }

    /// `break`, `continue` or `pass`
    record Jump(int line, String word) implements Statement { }
}
