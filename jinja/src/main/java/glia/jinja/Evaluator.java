package glia.jinja;

import glia.jinja.syntax.Expr;
import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.DictValue;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Operators;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sequence.TupleValue;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// Computes the values of expressions.
final class Evaluator {
    private static final int LIST_BYTES = 64;
    private static final int NAMED_BYTES = 128;
    private static final int UNDEFINED_BYTES = 32;

    private final Runtime runtime;
    private final Budget budget;

    Evaluator(Runtime runtime) {
        this.runtime = runtime;
        this.budget = runtime.budget();
    }

    /// The expression's value in the current scope.
    Object evaluate(Expr expression) {
        budget.enter();
        budget.step();
        Object value = value(expression);
        budget.exit();
        return value;
    }

    private Object value(Expr expression) {
        return switch (expression) {
            case Expr.Constant(Object value) -> value;
            case Expr.Name(String name) -> variable(name);
            case Expr.Attribute e -> Access.attribute(evaluate(e.target()), e.name(), budget);
            case Expr.Item e -> Access.item(evaluate(e.target()), evaluate(e.index()), budget);
            case Expr.Compare e -> compare(e);
            case Expr.Call e -> call(e, Arguments.NONE);
            case Expr.Filter e -> Filters.apply(e.name(), evaluate(e.target()), arguments(e.arguments()), budget);
            case Expr.Test e -> Tests.test(e.name(), evaluate(e.target()), arguments(e.arguments()), budget);
            case Expr.Arithmetic e -> Operators.apply(e.operator(), evaluate(e.left()), evaluate(e.right()), budget);
            case Expr.Concat e -> concat(e);
            case Expr.Not e -> !Values.isTrue(evaluate(e.operand()));
            case Expr.And e -> and(e);
            case Expr.Or e -> or(e);
            case Expr.Conditional e -> conditional(e);
            case Expr.Slice e ->
                Access.slice(evaluate(e.target()), evaluate(e.start()), evaluate(e.stop()), evaluate(e.step()), budget);
            case Expr.TupleOf e -> TupleValue.of(budget, all(e.items()).toArray());
            case Expr.ListOf e -> new ListValue(all(e.items()));
            case Expr.DictOf e -> dict(e);
            case Expr.Negate e -> Operators.negate(evaluate(e.operand()), budget);
            case Expr.Plus e -> Operators.plus(evaluate(e.operand()), budget);
        };
    }

    private Object variable(String name) {
        Object value = runtime.scope().get(name);
        if (value == Values.ABSENT) {
            budget.bytes(UNDEFINED_BYTES);
            return Undefined.variable(name);
        }
        return value;
    }

    private ArrayList<Object> all(List<Expr> expressions) {
        budget.items(expressions.size());
        budget.bytes(LIST_BYTES);
        ArrayList<Object> values = new ArrayList<>(expressions.size());
        for (Expr expression : expressions) {
            values.add(evaluate(expression));
        }
        return values;
    }

    private Object dict(Expr.DictOf e) {
        DictValue dict = new DictValue(budget);
        for (int i = 0; i < e.keys().size(); i++) {
            Object key = evaluate(e.keys().get(i));
            dict.put(key, evaluate(e.values().get(i)), budget);
        }
        return dict;
    }

    /// Calls with further named arguments.
    Object call(Expr.Call e, Arguments further) {
        Object target = evaluate(e.target());
        Arguments arguments = arguments(e.arguments());
        for (Map.Entry<String, Object> argument : further.named().entrySet()) {
            budget.entries(arguments.named().size() + 1L);
            arguments = arguments.with(argument.getKey(), argument.getValue());
        }
        if (target instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (!(target instanceof Callable callable)) {
            throw new JinjaError("'" + Types.name(target) + "' object is not callable");
        }
        return callable.call(arguments, budget);
    }

    private Arguments arguments(Expr.CallArguments written) {
        if (written == Expr.CallArguments.NONE) {
            return Arguments.NONE;
        }
        List<Object> positional = all(written.positional());
        for (Expr more : written.more()) {
            ListValue rest = Iteration.list(evaluate(more), budget);
            budget.items(rest.size());
            positional.addAll(rest.items());
        }
        if (written.names().isEmpty() && written.rest().isEmpty()) {
            return new Arguments(positional, Map.of());
        }
        budget.bytes(NAMED_BYTES);
        Map<String, Object> named = new LinkedHashMap<>();
        for (int i = 0; i < written.names().size(); i++) {
            addNamed(named, written.names().get(i), evaluate(written.named().get(i)));
        }
        for (Expr rest : written.rest()) {
            if (!(evaluate(rest) instanceof DictValue dict)) {
                throw new JinjaError("argument after ** must be a mapping");
            }
            for (DictValue.Entry entry : dict.entries()) {
                if (Types.kind(entry.key()) != Types.Kind.TEXT) {
                    throw new JinjaError("keywords must be strings");
                }
                addNamed(named, entry.key().toString(), entry.value());
            }
        }
        return new Arguments(positional, named);
    }

    private void addNamed(Map<String, Object> named, String name, Object value) {
        budget.scan(name.length());
        budget.entries(1);
        if (named.containsKey(name)) {
            throw new JinjaError("got multiple values for keyword argument '" + name + "'");
        }
        named.put(name, value);
    }

    private Object concat(Expr.Concat e) {
        TextBuilder text = new TextBuilder(budget);
        for (Expr part : e.parts()) {
            text.append(Repr.text(evaluate(part), budget));
        }
        return text.value();
    }

    private Object compare(Expr.Compare e) {
        Object left = evaluate(e.first());
        for (int i = 0; i < e.operands().size(); i++) {
            Object right = evaluate(e.operands().get(i));
            if (!e.comparisons().get(i).test(left, right, budget)) {
                return false;
            }
            left = right;
        }
        return true;
    }

    private Object and(Expr.And e) {
        Object left = evaluate(e.left());
        return Values.isTrue(left) ? evaluate(e.right()) : left;
    }

    private Object or(Expr.Or e) {
        Object left = evaluate(e.left());
        return Values.isTrue(left) ? left : evaluate(e.right());
    }

    private Object conditional(Expr.Conditional e) {
        if (Values.isTrue(evaluate(e.test()))) {
            return evaluate(e.then());
        }
        if (e.otherwise() == Expr.Conditional.MISSING) {
            return Undefined.because("the inline if-expression on line " + e.line()
                    + " evaluated to false and no else section was defined.");
        }
        return evaluate(e.otherwise());
    }
}
