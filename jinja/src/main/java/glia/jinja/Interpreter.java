package glia.jinja;

import glia.jinja.Globals.Namespace;
import glia.jinja.syntax.Expr;
import glia.jinja.syntax.Stmt.Body;
import glia.jinja.syntax.Stmt.Target;
import glia.jinja.syntax.Stmt;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.TrustedText;
import glia.jinja.value.Values;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Executes statements.
final class Interpreter {
    /// What follows a statement: the next one, the end of the loop, or the loop's next iteration.
    enum Flow { NEXT, BREAK, CONTINUE }

    private static final int LOOP_BYTES = 256;
    private static final int MACRO_BYTES = 64;

    private final Runtime runtime;
    private final Budget budget;
    private final Evaluator evaluator;

    Interpreter(Runtime runtime) {
        this.runtime = runtime;
        this.budget = runtime.budget();
        this.evaluator = new Evaluator(runtime);
    }

    /// Executes statements in the current scope.
    Flow execute(List<Stmt> body) {
        budget.enter();
        Flow flow = Flow.NEXT;
        for (int i = 0; i < body.size() && flow == Flow.NEXT; i++) {
            Stmt statement = body.get(i);
            budget.step();
            try {
                flow = execute(statement);
            } catch (JinjaError e) {
                throw e.at(statement.line());
            }
        }
        budget.exit();
        return flow;
    }

    /// Executes statements in a scope and then returns to the current one.
    Flow execute(Body body, Scope scope) {
        Scope outer = runtime.enter(scope);
        Flow flow = execute(body.statements());
        runtime.enter(outer);
        return flow;
    }

    /// Executes statements in a scope and writes their output to `text`.
    Flow capture(Body body, Scope scope, TextBuilder text) {
        TextBuilder outside = runtime.redirect(text);
        Flow flow = execute(body, scope);
        runtime.redirect(outside);
        return flow;
    }

    /// The value of an expression in a scope other than the current one.
    Object evaluate(Expr expression, Scope scope) {
        Scope outer = runtime.enter(scope);
        Object value = evaluator.evaluate(expression);
        runtime.enter(outer);
        return value;
    }

    /// Assigns a value in a scope.
    private Flow assign(Target target, Object value, Scope scope) {
        switch (target) {
            case Stmt.Variable(String name) -> {
                budget.step();
                scope.set(name, value, budget);
            }
            case Stmt.Member(String namespace, String name) -> {
                if (!(scope.get(namespace) instanceof Namespace object)) {
                    throw new JinjaError("cannot assign attribute on non-namespace object");
                }
                object.set(name, value, budget);
            }
            case Stmt.Several(List<Target> targets) -> {
                ListValue values = Iteration.list(value, budget);
                if (values.size() != targets.size()) {
                    throw new JinjaError(values.size() < targets.size()
                            ? "not enough values to unpack (expected " + targets.size() + ", got " + values.size() + ")"
                            : "too many values to unpack (expected " + targets.size() + ")");
                }
                for (int i = 0; i < targets.size(); i++) {
                    assign(targets.get(i), values.get(i), scope);
                }
            }
        }
        return Flow.NEXT;
    }

    private Flow execute(Stmt statement) {
        return switch (statement) {
            case Stmt.Data(TrustedText text, int _) -> write(text);
            case Stmt.Print(Expr value, int _) -> write(evaluator.evaluate(value));
            case Stmt.If s -> choice(s);
            case Stmt.For s -> loop(s);
            case Stmt.Set s -> assign(s.target(), evaluator.evaluate(s.value()), runtime.scope());
            case Stmt.SetBlock s -> setBlock(s);
            case Stmt.With s -> with(s);
            case Stmt.MacroDefinition s -> macro(s);
            case Stmt.CallBlock s -> callBlock(s);
            case Stmt.FilterBlock s -> filterBlock(s);
            case Stmt.Generation s -> generation(s);
            case Stmt.Leave s -> s.loop() ? Flow.BREAK : Flow.CONTINUE;
        };
    }

    private Flow write(Object value) {
        runtime.write(Repr.text(value, budget));
        return Flow.NEXT;
    }

    private Flow choice(Stmt.If s) {
        for (int i = 0; i < s.tests().size(); i++) {
            if (Values.isTrue(evaluator.evaluate(s.tests().get(i)))) {
                return execute(s.bodies().get(i));
            }
        }
        return execute(s.otherwise());
    }

    private Flow loop(Stmt.For s) {
        Object iterable = evaluator.evaluate(s.iterable());
        Scope scope = runtime.scope();
        budget.enter();
        Iterator<Object> items = Iteration.of(iterable, budget);
        int length = s.test().isEmpty() ? Values.length(iterable, budget) : -1;
        for (Expr test : s.test()) {
            items = new Loop.Selected(items, item -> {
                Scope inner = new Scope(scope, budget);
                assign(s.target(), item, inner);
                return Values.isTrue(evaluate(test, inner));
            });
        }
        budget.bytes(LOOP_BYTES);
        Loop loop = new Loop(items, length, budget);
        boolean completed = false;
        Flow flow = Flow.NEXT;
        while (flow != Flow.BREAK && loop.advance()) {
            Scope inner = new Scope(scope, s.body().frame(), budget);
            inner.set("loop", loop, budget);
            assign(s.target(), loop.current(), inner);
            flow = execute(s.body(), inner);
            completed |= flow == Flow.NEXT;
        }
        // As in Jinja, iterations that end with `break` or `continue` do not count.
        if (!completed) {
            execute(s.otherwise(), new Scope(scope, s.otherwise().frame(), budget));
        }
        budget.exit();
        return Flow.NEXT;
    }

    private Flow setBlock(Stmt.SetBlock s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame(), budget);
        TextBuilder text = new TextBuilder(budget);
        Flow flow = capture(s.body(), inner, text);
        if (flow == Flow.NEXT) {
            assign(s.target(), filtered(s.value(), text.value(), inner), runtime.scope());
        }
        return flow;
    }

    private Object filtered(Expr filters, Object text, Scope scope) {
        scope.set(Stmt.CAPTURED, text, budget);
        return evaluate(filters, scope);
    }

    private Flow with(Stmt.With s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame(), budget);
        for (int i = 0; i < s.targets().size(); i++) {
            assign(s.targets().get(i), evaluator.evaluate(s.values().get(i)), inner);
        }
        return execute(s.body(), inner);
    }

    private Flow macro(Stmt.MacroDefinition s) {
        budget.bytes(MACRO_BYTES);
        runtime.scope().set(s.name(), new Macro(s.name(), s.signature(), s.body(), runtime.scope(), this), budget);
        return Flow.NEXT;
    }

    private Flow callBlock(Stmt.CallBlock s) {
        budget.bytes(4 * MACRO_BYTES);
        Macro caller = new Macro("caller", s.signature(), s.body(), runtime.scope(), this);
        Object result = evaluator.call(s.call(), new Arguments(List.of(), Map.of("caller", caller)));
        return write(result);
    }

    private Flow filterBlock(Stmt.FilterBlock s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame(), budget);
        TextBuilder text = new TextBuilder(budget);
        Flow flow = capture(s.body(), inner, text);
        if (flow == Flow.NEXT) {
            write(filtered(s.value(), text.value(), inner));
        }
        return flow;
    }

    private Flow generation(Stmt.Generation s) {
        int start = runtime.written();
        Flow flow = execute(s.body(), new Scope(runtime.scope(), s.body().frame(), budget));
        runtime.generated(start);
        return flow;
    }
}
