package glia.jinja.syntax;

import glia.jinja.value.TrustedText;

import java.util.List;

/// A statement: text, a `{{ }}` or a `{% %}` with what belongs to it.
public sealed interface Stmt {
    /// The line it starts on, from 1.
    int line();

    /// Calls the method of `visitor` that fits.
    <R> R accept(Visitor<R> visitor);

    /// One method for each kind of statement.
    interface Visitor<R> {
        R data(Data s);

        R print(Print s);

        R choice(If s);

        R loop(For s);

        R set(Set s);

        R setBlock(SetBlock s);

        R with(With s);

        R macro(MacroDefinition s);

        R callBlock(CallBlock s);

        R filterBlock(FilterBlock s);

        R scoped(Scoped s);

        R leave(Leave s);
    }

    /// Text between tags.
    record Data(TrustedText text, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.data(this);
        }
    }

    /// `{{ value }}`
    record Print(Expr value, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.print(this);
        }
    }

    /// `if`, `elif`… with their bodies, and the body of `else`.
    record If(List<Expr> tests, List<List<Stmt>> bodies, List<Stmt> otherwise, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.choice(this);
        }
    }

    /// `for target in iterable if test recursive`, its body and its `else`.
    ///
    /// @param test at most one expression
    record For(Target target, Expr iterable, List<Expr> test, boolean recursive, Body body, Body otherwise,
            int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.loop(this);
        }
    }

    /// `set target = value`
    record Set(Target target, Expr value, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.set(this);
        }
    }

    /// `set target | filter` … `endset`. The filters apply to [#CAPTURED].
    record SetBlock(Target target, Expr value, Body body, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.setBlock(this);
        }
    }

    /// `with a = b, c = d` … `endwith`
    record With(List<Target> targets, List<Expr> values, Body body, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.with(this);
        }
    }

    /// `macro name(…)` … `endmacro`
    record MacroDefinition(String name, Signature signature, Body body, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.macro(this);
        }
    }

    /// `call(…) macro(…)` … `endcall`
    record CallBlock(Signature signature, Expr.Call call, Body body, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.callBlock(this);
        }
    }

    /// `filter a | b` … `endfilter`. The filters apply to [#CAPTURED].
    record FilterBlock(Expr value, Body body, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.filterBlock(this);
        }
    }

    /// A body with a scope of its own.
    record Scoped(Kind kind, Body body, int line) implements Stmt {
        /// The tag.
        public enum Kind {
            /// `generation`: what it writes is text of the assistant.
            GENERATION,
            /// `block`, which sees the outermost variables only.
            BLOCK
        }

        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.scoped(this);
        }
    }

    /// `break` or `continue`
    record Leave(boolean loop, int line) implements Stmt {
        @Override
        public <R> R accept(Visitor<R> visitor) {
            return visitor.leave(this);
        }
    }

    /// The parameters of a macro or call block, and the defaults of the last of them.
    record Signature(List<String> parameters, List<Expr> defaults) {
    }

    /// The variable with the captured output of a block, for its filters; no template can name it.
    String CAPTURED = "(captured)";
}
