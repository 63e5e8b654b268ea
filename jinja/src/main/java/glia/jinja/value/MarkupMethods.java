package glia.jinja.value;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The methods of markup: those of strings, with text arguments escaped and text results marked as safe.
final class MarkupMethods {
    private MarkupMethods() {
    }

    static Object call(Object text, String name, Arguments arguments, Budget budget) {
        Arguments safe = switch (name) {
            case "join", "format" -> escaped(arguments, 0, budget);
            case "replace" -> escaped(arguments, 1, budget);
            default -> arguments;
        };
        return marked(TextMethods.call(text, name, safe, budget), budget);
    }

    private static Arguments escaped(Arguments arguments, int from, Budget budget) {
        budget.items(arguments.positional().size() + (long) arguments.named().size());
        List<Object> positional = new ArrayList<>(arguments.positional());
        for (int i = from; i < positional.size(); i++) {
            positional.set(i, escaped(positional.get(i), budget));
        }
        Map<String, Object> named = new LinkedHashMap<>(arguments.named());
        named.replaceAll((key, value) -> escaped(value, budget));
        return new Arguments(positional, named);
    }

    private static Object escaped(Object value, Budget budget) {
        if (Types.kind(value) == Types.Kind.TEXT) {
            return Markup.escaped(value, budget);
        }
        if (!Iteration.isIterable(value)) {
            return value;
        }
        ListValue list = Iteration.list(value, budget);
        for (int i = 0; i < list.size(); i++) {
            if (Types.kind(list.get(i)) == Types.Kind.TEXT) {
                list.items().set(i, Markup.escaped(list.get(i), budget));
            }
        }
        return list;
    }

    private static Object marked(Object result, Budget budget) {
        budget.bytes(24);
        if (result instanceof String || result instanceof TrustedText) {
            return new Markup(result);
        }
        if (result instanceof ListValue list) {
            budget.items(list.size());
            list.items().replaceAll(item -> marked(item, budget));
        }
        return result;
    }
}
