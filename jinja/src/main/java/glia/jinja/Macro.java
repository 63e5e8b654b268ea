package glia.jinja;

import glia.jinja.syntax.Stmt.Body;
import glia.jinja.syntax.Stmt;
import glia.jinja.value.Arguments;
import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.DictValue;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.TupleValue;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.Undefined;
import glia.jinja.value.Values;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// A macro, or the body of a call block: a function that returns the text its body renders. It sees the variables of
/// the place where it is defined.
final class Macro implements Callable, Attributed, Repr.Reprs {
    private static final String CALLER = "caller";

    private final String name;
    private final Stmt.Signature signature;
    private final Body body;
    private final Scope home;
    private final Interpreter interpreter;

    Macro(String name, Stmt.Signature signature, Body body, Scope home, Interpreter interpreter) {
        this.name = name;
        this.signature = signature;
        this.body = body;
        this.home = home;
        this.interpreter = interpreter;
    }

    @Override
    public Object call(Arguments arguments, Budget budget) {
        budget.step();
        budget.entries(arguments.named().size() + (long) signature.parameters().size() + 1);
        budget.items(arguments.positional().size());
        Scope scope = new Scope(home, body.frame(), budget);
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        bindParameters(scope, named, arguments.positional(), budget);
        bindCaller(scope, named, budget);
        bindRest(scope, named, arguments.positional(), budget);
        budget.enter();
        TextBuilder text = new TextBuilder(budget);
        interpreter.capture(body, scope, text);
        budget.exit();
        return text.value();
    }

    private void bindParameters(Scope scope, Map<String, Object> named, List<Object> positional, Budget budget) {
        List<String> parameters = signature.parameters();
        boolean[] given = new boolean[parameters.size()];
        for (int i = 0; i < given.length; i++) {
            String parameter = parameters.get(i);
            given[i] = i < positional.size() || named.containsKey(parameter);
            scope.set(parameter, i < positional.size() ? positional.get(i)
                    : given[i] ? named.remove(parameter) : Undefined.variable(parameter), budget);
        }
        // A default sees all that was given, and the defaults before it.
        int firstDefault = given.length - signature.defaults().size();
        for (int i = 0; i < given.length; i++) {
            if (!given[i]) {
                scope.set(parameters.get(i), i < firstDefault
                        ? Undefined.because("parameter '" + parameters.get(i) + "' was not provided")
                        : interpreter.evaluate(signature.defaults().get(i - firstDefault), scope), budget);
            }
        }
    }

    private void bindCaller(Scope scope, Map<String, Object> named, Budget budget) {
        if (body.frame().usesCaller() && !signature.parameters().contains(CALLER)) {
            Object caller = named.remove(CALLER);
            scope.set(CALLER, caller == null ? Undefined.because("No caller defined") : caller, budget);
        }
    }

    /// Binds the arguments beyond the parameters to `kwargs` and `varargs`.
    private void bindRest(Scope scope, Map<String, Object> named, List<Object> positional, Budget budget) {
        int numParameters = signature.parameters().size();
        if (body.frame().usesKwargs() && !signature.parameters().contains("kwargs")) {
            DictValue rest = new DictValue(budget);
            named.forEach((key, value) -> rest.put(key, value, budget));
            scope.set("kwargs", rest, budget);
        } else if (!named.isEmpty()) {
            throw new JinjaError("macro '" + name + "' takes no keyword argument '"
                    + named.keySet().iterator().next() + "'");
        }
        if (body.frame().usesVarargs() && !signature.parameters().contains("varargs")) {
            int from = Math.min(numParameters, positional.size());
            scope.set("varargs", TupleValue.of(budget, positional.subList(from, positional.size()).toArray()), budget);
        } else if (positional.size() > numParameters) {
            throw new JinjaError("macro '" + name + "' takes not more than " + numParameters + " argument(s)");
        }
    }

    @Override
    public Object attribute(String attribute, Budget budget) {
        return switch (attribute) {
            case "name" -> name;
            case "arguments" -> TupleValue.of(budget, signature.parameters().toArray());
            case "caller" -> body.frame().usesCaller();
            case "catch_kwargs" -> body.frame().usesKwargs();
            case "catch_varargs" -> body.frame().usesVarargs();
            default -> Values.ABSENT;
        };
    }

    @Override
    public String typeName() {
        return "Macro";
    }

    @Override
    public String repr(Budget budget) {
        return "<Macro '" + name + "'>";
    }
}
