package glia.jinja.syntax;

import glia.jinja.value.TrustedText;
import java.util.List;

/// A statement: text, a `{{ }}` or a `{% %}` with what belongs to it.
public sealed interface Stmt {
    /// The line it starts on, from 1.
    int line();

    /// Text between tags.
    record Data(TrustedText text, int line) implements Stmt { }

    /// `{{ value }}`
    record Print(Expr value, int line) implements Stmt { }

    /// `if`, `elif`… with their bodies, and the body of `else`.
    record If(List<Expr> tests, List<List<Stmt>> bodies, List<Stmt> otherwise, int line) implements Stmt { }

    /// `for target in iterable if test`, its body and its `else`.
    ///
    /// @param test at most one expression
    record For(Target target, Expr iterable, List<Expr> test, Body body, Body otherwise,
            int line) implements Stmt { }

    /// `set target = value`
    record Set(Target target, Expr value, int line) implements Stmt { }

    /// `set target | filter` … `endset`. The filters apply to [#CAPTURED].
    record SetBlock(Target target, Expr value, Body body, int line) implements Stmt { }

    /// `with a = b, c = d` … `endwith`
    record With(List<Target> targets, List<Expr> values, Body body, int line) implements Stmt { }

    /// `macro name(…)` … `endmacro`
    record MacroDefinition(String name, Signature signature, Body body, int line) implements Stmt { }

    /// `call(…) macro(…)` … `endcall`
    record CallBlock(Signature signature, Expr.Call call, Body body, int line) implements Stmt { }

    /// `filter a | b` … `endfilter`. The filters apply to [#CAPTURED].
    record FilterBlock(Expr value, Body body, int line) implements Stmt { }

    /// `generation` … `endgeneration`: what it writes is text of the assistant.
    record Generation(Body body, int line) implements Stmt { }

    /// `break` or `continue`
    record Leave(boolean loop, int line) implements Stmt { }

    /// The parameters of a macro or call block, and the defaults of the last of them.
    record Signature(List<String> parameters, List<Expr> defaults) {
    }

    /// The variable with the captured output of a block, for its filters; no template can name it.
    String CAPTURED = "(captured)";

    /// The statements of a block with variables of its own.
    record Body(List<Stmt> statements, Frame frame) { }

    /// The target of an assignment.
    sealed interface Target { }

    /// A variable.
    record Variable(String name) implements Target { }

    /// An attribute of a namespace.
    record Member(String namespace, String name) implements Target { }

    /// Several targets that the elements of one value are assigned to.
    record Several(List<Target> targets) implements Target { }
}
