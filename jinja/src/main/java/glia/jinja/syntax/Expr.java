package glia.jinja.syntax;

import glia.jinja.value.Comparison;
import glia.jinja.value.Operators.Operator;

import java.util.List;

/// An expression. Evaluators are visitors and not type switches: the first type switch of a process takes tens of
/// milliseconds, which would delay the first token.
public sealed interface Expr {
    /// Calls the method of `visitor` that fits.
    <R> R accept(Visitor<R> visitor);

    /// One method for each kind of expression.
    interface Visitor<R> {
        R constant(Constant e);

        R name(Name e);

        R tuple(TupleOf e);

        R list(ListOf e);

        R dict(DictOf e);

        R attribute(Attribute e);

        R item(Item e);

        R slice(Slice e);

        R call(Call e);

        R filter(Filter e);

        R test(Test e);

        R negate(Negate e);

        R plus(Plus e);

        R not(Not e);

        R arithmetic(Arithmetic e);

        R concat(Concat e);

        R compare(Compare e);

        R and(And e);

        R or(Or e);

        R conditional(Conditional e);
    }

    /// A literal; also the text between tags.
    record Constant(Object value) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.constant(this);
        }
    }

    /// A variable.
    record Name(String name) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.name(this);
        }
    }

    /// `(a, b)`
    record TupleOf(List<Expr> items) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.tuple(this);
        }
    }

    /// `[a, b]`
    record ListOf(List<Expr> items) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.list(this);
        }
    }

    /// `{a: b, c: d}`
    record DictOf(List<Expr> keys, List<Expr> values) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.dict(this);
        }
    }

    /// `target.name`
    record Attribute(Expr target, String name) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.attribute(this);
        }
    }

    /// `target[index]`
    record Item(Expr target, Expr index) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.item(this);
        }
    }

    /// `target[start:stop:step]`; an absent bound is the constant `none`.
    record Slice(Expr target, Expr start, Expr stop, Expr step) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.slice(this);
        }
    }

    /// `target(…)`
    record Call(Expr target, CallArguments arguments) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.call(this);
        }
    }

    /// `target | name(…)`
    record Filter(Expr target, String name, CallArguments arguments) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.filter(this);
        }
    }

    /// `target is name(…)`
    record Test(Expr target, String name, CallArguments arguments) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.test(this);
        }
    }

    /// `-operand`
    record Negate(Expr operand) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.negate(this);
        }
    }

    /// `+operand`
    record Plus(Expr operand) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.plus(this);
        }
    }

    /// `not operand`
    record Not(Expr operand) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.not(this);
        }
    }

    /// `left + right` and the other arithmetic operators.
    record Arithmetic(Operator operator, Expr left, Expr right) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.arithmetic(this);
        }
    }

    /// `a ~ b ~ c`
    record Concat(List<Expr> parts) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.concat(this);
        }
    }

    /// `first < a <= b`: each operand is compared with the one before it.
    record Compare(Expr first, List<Comparison> comparisons, List<Expr> operands) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.compare(this);
        }
    }

    /// `left and right`: one of the two values.
    record And(Expr left, Expr right) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.and(this);
        }
    }

    /// `left or right`: one of the two values.
    record Or(Expr left, Expr right) implements Expr {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.or(this);
        }
    }

    /// `then if test else otherwise`; undefined where the test fails and there is no `else`.
    record Conditional(Expr test, Expr then, Expr otherwise, int line) implements Expr {
        /// Marks an absent `else`.
        public static final Expr MISSING = new Constant(null);

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.conditional(this);
        }
    }
}
