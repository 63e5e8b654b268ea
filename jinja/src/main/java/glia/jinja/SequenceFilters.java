package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.DictValue;
import glia.jinja.value.Iteration.Generator;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Operators;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.ListValue;
import glia.jinja.value.Sequence;
import glia.jinja.value.TextBuilder;
import glia.jinja.value.Types.Kind;
import glia.jinja.value.Types;
import glia.jinja.value.Undefined;
import java.util.Collections;
import java.util.Iterator;

/// Filters that iterate over the elements of a value in order.
final class SequenceFilters {
    private SequenceFilters() {
    }

    static Object apply(String name, Object value, Arguments arguments, Budget budget) {
        return switch (name) {
            case "join" -> join(value, arguments.bind(name, 0, "d", "attribute"), budget);
            case "first" -> {
                Iterator<Object> items = Iteration.of(value, budget);
                yield items.hasNext() ? items.next()
                        : Undefined.because("No first item, sequence was empty.");
            }
            case "last" -> last(value, budget);
            case "reverse" -> reverse(value, budget);
            case "items" -> items(value, budget);
            case "sum" -> sum(value, arguments.bind(name, 0, "attribute", "start"), budget);
            default -> throw new AssertionError(name);
        };
    }

    private static Object join(Object value, Arguments.Bound arguments, Budget budget) {
        Object separator = Repr.text(arguments.get(0, ""), budget);
        AttributePath path = AttributePath.of(arguments.get(1, null), budget);
        Iterator<Object> items = Iteration.of(value, budget);
        TextBuilder text = new TextBuilder(budget);
        for (boolean first = true; items.hasNext(); first = false) {
            Object next = Repr.text(path.get(items.next(), null), budget);
            text.append(first ? "" : separator).append(next);
        }
        return text.value();
    }

    private static Object last(Object value, Budget budget) {
        if (value instanceof Generator || !Iteration.isIterable(value)) {
            throw new JinjaError("'" + Types.name(value) + "' object is not reversible");
        }
        Object last = Undefined.because("No last item, sequence was empty.");
        if (value instanceof Sequence sequence) {
            return sequence.size() == 0 ? last : sequence.get(sequence.size() - 1);
        }
        Iterator<Object> items = Iteration.of(value, budget);
        while (items.hasNext()) {
            last = items.next();
        }
        return last;
    }

    private static Object reverse(Object value, Budget budget) {
        if (Types.kind(value) == Kind.TEXT) {
            return Access.slice(value, null, null, -1L, budget);
        }
        if (!Iteration.isIterable(value)) {
            throw new JinjaError("argument must be iterable");
        }
        ListValue items = Iteration.list(value, budget);
        Collections.reverse(items.items());
        // As in Jinja, a generator gives a list and other values a generator.
        return value instanceof Generator ? items : new Generator(Iteration.of(items, budget));
    }

    private static Object items(Object value, Budget budget) {
        if (value instanceof DictValue dict) {
            return new Generator(Iteration.of(new DictValue.View(dict, DictValue.View.Part.ITEMS), budget));
        }
        if (value instanceof Undefined) {
            return new Generator(Collections.emptyIterator());
        }
        throw new JinjaError("Can only get item pairs from a mapping.");
    }

    private static Object sum(Object value, Arguments.Bound arguments, Budget budget) {
        AttributePath path = AttributePath.of(arguments.get(0, null), budget);
        Object sum = arguments.get(1, 0L);
        if (Types.kind(sum) == Kind.TEXT) {
            throw new JinjaError("sum() can't sum strings [use ''.join(seq) instead]");
        }
        Iterator<Object> items = Iteration.of(value, budget);
        while (items.hasNext()) {
            sum = Operators.apply(Operators.Operator.ADD, sum, path.get(items.next(), null), budget);
        }
        return sum;
    }
}
