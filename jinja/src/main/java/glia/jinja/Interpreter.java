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

/// Carries out statements.
final class Interpreter implements Stmt.Visitor<Interpreter.Flow> {
    /// How it goes on after a statement: with the next, or out of the loop, or with the loop's next round.
    enum Flow { NEXT, BREAK, CONTINUE }

    private final Runtime runtime;
    private final Budget budget;
    private final Evaluator evaluator;

    Interpreter(Runtime runtime) {
        this.runtime = runtime;
        this.budget = runtime.budget();
        this.evaluator = new Evaluator(runtime);
    }

    /// Carries out statements in the current scope.
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

    /// Carries out statements in a scope and then returns to the current one.
    Flow execute(Body body, Scope scope) {
        Scope outer = runtime.enter(scope);
        Flow flow = execute(body.statements());
        runtime.enter(outer);
        return flow;
    }

    /// Carries out statements in a scope, with what they print going to `text`.
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
            scope.set(name, value);
        } else if (target instanceof Target.Member member) {
            if (!(scope.get(member.namespace()) instanceof Namespace namespace)) {
                throw new JinjaError("cannot assign attribute on non-namespace object");
            }
            namespace.set(member.name(), value);
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

    /// Goes through the elements of a value.
    ///
    /// @param scope the scope the loop stands in
    /// @param depth how deep a recursive loop is in itself
    void loop(Stmt.For s, Object iterable, Scope scope, int depth) {
        budget.enter();
        Iterator<Object> items = Iteration.of(iterable, budget);
        int length = s.test().isEmpty() ? Values.length(iterable, budget) : -1;
        for (Expr test : s.test()) {
            items = new Selected(items, item -> {
                Scope inner = new Scope(scope);
                assign(s.target(), item, inner);
                return Values.isTrue(evaluate(test, inner));
            });
        }
        Loop loop = new Loop(items, length, depth, s.recursive() ? deeper -> again(s, deeper, scope, depth + 1) : null);
        boolean completed = false;
        Flow flow = Flow.NEXT;
        while (flow != Flow.BREAK && loop.advance()) {
            Scope inner = new Scope(scope, s.body().frame());
            inner.set("loop", loop);
            assign(s.target(), loop.current(), inner);
            flow = execute(s.body(), inner);
            completed |= flow == Flow.NEXT;
        }
        // As in Jinja, a round that is left early does not count.
        if (!completed) {
            execute(s.otherwise(), new Scope(scope, s.otherwise().frame()));
        }
        budget.exit();
    }

    private Object again(Stmt.For s, Object iterable, Scope scope, int depth) {
        TextBuilder text = new TextBuilder();
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
        Scope inner = new Scope(runtime.scope(), s.body().frame());
        TextBuilder text = new TextBuilder();
        Flow flow = capture(s.body(), inner, text);
        if (flow == Flow.NEXT) {
            assign(s.target(), filtered(s.value(), text.value(), inner), runtime.scope());
        }
        return flow;
    }

    private Object filtered(Expr filters, Object text, Scope scope) {
        scope.set(Stmt.CAPTURED, text);
        return evaluate(filters, scope);
    }

    @Override
    public Flow with(Stmt.With s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame());
        for (int i = 0; i < s.targets().size(); i++) {
            assign(s.targets().get(i), evaluator.evaluate(s.values().get(i)), inner);
        }
        return execute(s.body(), inner);
    }

    @Override
    public Flow macro(Stmt.MacroDefinition s) {
        runtime.scope().set(s.name(), new Macro(s.name(), s.signature(), s.body(), runtime.scope(), this));
        return Flow.NEXT;
    }

    @Override
    public Flow callBlock(Stmt.CallBlock s) {
        Macro caller = new Macro("caller", s.signature(), s.body(), runtime.scope(), this);
        Object result = evaluator.call(s.call(), new Arguments(List.of(), Map.of("caller", caller)));
        runtime.write(Repr.text(result, budget));
        return Flow.NEXT;
    }

    @Override
    public Flow filterBlock(Stmt.FilterBlock s) {
        Scope inner = new Scope(runtime.scope(), s.body().frame());
        TextBuilder text = new TextBuilder();
        Flow flow = capture(s.body(), inner, text);
        if (flow == Flow.NEXT) {
            runtime.write(Repr.text(filtered(s.value(), text.value(), inner), budget));
        }
        return flow;
    }

    @Override
    public Flow scoped(Stmt.Scoped s) {
        Scope outer = s.outermost() ? runtime.scope().outermost() : runtime.scope();
        return execute(s.body(), new Scope(outer, s.body().frame()));
    }

    @Override
    public Flow leave(Stmt.Leave s) {
        return s.loop() ? Flow.BREAK : Flow.CONTINUE;
    }
}
