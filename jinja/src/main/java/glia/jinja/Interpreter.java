package glia.jinja;

import glia.jinja.syntax.Body;
import glia.jinja.syntax.Expr;
import glia.jinja.syntax.Stmt;
import glia.jinja.syntax.Target;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.ListValue;
import glia.jinja.value.Repr;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.Values;

import java.util.Iterator;
import java.util.List;
import java.util.Map;

/// Executes statements.
final class Interpreter implements Stmt.Visitor<Interpreter.Flow> {
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
                flow = statement.accept(this);
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
    void assign(Target target, Object value, Scope scope) {
        if (target instanceof Target.Variable(String name)) {
            budget.step();
            scope.set(name, value, budget);
        } else if (target instanceof Target.Member member) {
            if (!(scope.get(member.namespace()) instanceof Namespace namespace)) {
                throw new JinjaError("cannot assign attribute on non-namespace object");
            }
            namespace.set(member.name(), value, budget);
        } else if (target instanceof Target.Several(List<Target> targets)) {
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

    @Override
    public Flow data(Stmt.Data s) {
        runtime.write(s.text());
        return Flow.NEXT;
    }

    @Override
    public Flow print(Stmt.Print s) {
        runtime.write(Repr.text(evaluator.evaluate(s.value()), budget));
        return Flow.NEXT;
    }

    @Override
    public Flow choice(Stmt.If s) {
        for (int i = 0; i < s.tests().size(); i++) {
            if (Values.isTrue(evaluator.evaluate(s.tests().get(i)))) {
                return execute(s.bodies().get(i));
            }
        }
        return execute(s.otherwise());
    }

    @Override
    public Flow loop(Stmt.For s) {
        loop(s, evaluator.evaluate(s.iterable()), runtime.scope(), 0);
        return Flow.NEXT;
    }

    /// Executes a loop over the elements of a value.
    ///
    /// @param scope the scope around the loop
    /// @param depth how deep a recursive loop is in itself
    void loop(Stmt.For s, Object iterable, Scope scope, int depth) {
        budget.enter();
        Iterator<Object> items = Iteration.of(iterable, budget);
        int length = s.test().isEmpty() ? Values.length(iterable, budget) : -1;
        for (Expr test : s.test()) {
            items = new Selected(items, item -> {
                Scope inner = new Scope(scope, budget);
                assign(s.target(), item, inner);
                return Values.isTrue(evaluate(test, inner));
            });
        }
        budget.bytes(LOOP_BYTES);
        Loop loop = new Loop(items, length, depth, s.recursive() ? deeper -> again(s, deeper, scope, depth + 1) : null,
                budget);
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
    }

    private Object again(Stmt.For s, Object iterable, Scope scope, int depth) {
        TextBuilder text = new TextBuilder(budget);
        TextBuilder outside = runtime.redirect(text);
        Scope current = runtime.enter(scope);
        loop(s, iterable, scope, depth);
        runtime.enter(current);
        runtime.redirect(outside);
        return text.value();
    }

    @Override
    public Flow set(Stmt.Set s) {
        assign(s.target(), evaluator.evaluate(s.value()), runtime.scope());
        return Flow.NEXT;
    }

    @Override
    public Flow setBlock(Stmt.SetBlock s) {
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

    @Override
    public Flow with(Stmt.With s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame(), budget);
        for (int i = 0; i < s.targets().size(); i++) {
            assign(s.targets().get(i), evaluator.evaluate(s.values().get(i)), inner);
        }
        return execute(s.body(), inner);
    }

    @Override
    public Flow macro(Stmt.MacroDefinition s) {
        budget.bytes(MACRO_BYTES);
        runtime.scope().set(s.name(), new Macro(s.name(), s.signature(), s.body(), runtime.scope(), this), budget);
        return Flow.NEXT;
    }

    @Override
    public Flow callBlock(Stmt.CallBlock s) {
        budget.bytes(4 * MACRO_BYTES);
        Macro caller = new Macro("caller", s.signature(), s.body(), runtime.scope(), this);
        Object result = evaluator.call(s.call(), new Arguments(List.of(), Map.of("caller", caller)));
        runtime.write(Repr.text(result, budget));
        return Flow.NEXT;
    }

    @Override
    public Flow filterBlock(Stmt.FilterBlock s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame(), budget);
        TextBuilder text = new TextBuilder(budget);
        Flow flow = capture(s.body(), inner, text);
        if (flow == Flow.NEXT) {
            runtime.write(Repr.text(filtered(s.value(), text.value(), inner), budget));
        }
        return flow;
    }

    @Override
    public Flow scoped(Stmt.Scoped s) {
        return switch (s.kind()) {
            case BLOCK -> execute(s.body(), new Scope(runtime.scope().outermost(), s.body().frame(), budget));
            case GENERATION -> {
                int start = runtime.written();
                Flow flow = execute(s.body(), new Scope(runtime.scope(), s.body().frame(), budget));
                runtime.generated(start);
                yield flow;
            }
        };
    }

    @Override
    public Flow leave(Stmt.Leave s) {
        return s.loop() ? Flow.BREAK : Flow.CONTINUE;
    }
}
