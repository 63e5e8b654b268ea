package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.DictValue;
import glia.jinja.value.JinjaError;
import glia.jinja.value.RangeValue;
import glia.jinja.value.Repr;
import glia.jinja.value.Values;

import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The functions that every template can call.
final class Globals {
    static final List<String> NAMES =
            List.of("range", "dict", "namespace", "cycler", "joiner", "raise_exception", "strftime_now");

    private Globals() {
    }

    /// A scope with the functions.
    ///
    /// @param now the clock of `strftime_now`
    static Scope scope(Supplier<LocalDateTime> now) {
        Map<String, Object> functions = new HashMap<>();
        for (String name : NAMES) {
            functions.put(name, new Function(name, now));
        }
        return new Scope(null, functions);
    }

    private record Function(String name, Supplier<LocalDateTime> now) implements Callable {
        @Override
        public Object call(Arguments arguments, Budget budget) {
            budget.step();
            budget.operands(null, arguments);
            return switch (name) {
                case "range" -> range(arguments.positional(name, 1, 3));
                case "dict" -> dict(arguments, budget);
                case "namespace" -> new Namespace(dict(arguments, budget));
                case "cycler" -> new Cycler(arguments.positional());
                case "joiner" -> new Joiner(Repr.text(arguments.bind(name, 0, "sep").get(0, ", "), budget));
                case "raise_exception" -> throw JinjaError.raised(
                        Repr.str(arguments.bind(name, 1, "message").get(0, null), budget));
                case "strftime_now" -> Strftime.format(
                        arguments.bind(name, 1, "format").text(0, null), now.get(), budget);
                default -> throw new AssertionError(name);
            };
        }
    }

    private static Object range(Arguments.Bound arguments) {
        boolean bounded = arguments.has(1);
        return RangeValue.of(bounded ? arguments.integer(0, 0) : 0, arguments.integer(bounded ? 1 : 0, 0),
                arguments.integer(2, 1));
    }

    /// `dict(…)`: a new dict is updated with the arguments.
    private static DictValue dict(Arguments arguments, Budget budget) {
        DictValue dict = new DictValue(budget);
        ((Callable) Access.own(dict, "update", budget)).call(arguments, budget);
        return dict;
    }

    /// Returns its items in turn.
    private static final class Cycler implements Attributed {
        private static final int CALLABLE_BYTES = 24;

        private final List<Object> items;
        private int at;

        Cycler(List<Object> items) {
            if (items.isEmpty()) {
                throw new JinjaError("at least one item has to be provided");
            }
            this.items = items;
        }

        @Override
        public Object attribute(String name, Budget budget) {
            budget.bytes(CALLABLE_BYTES);
            return switch (name) {
                case "current" -> items.get(at);
                case "next" -> (Callable) (arguments, unused) -> {
                    Object item = items.get(at);
                    at = (at + 1) % items.size();
                    return item;
                };
                case "reset" -> (Callable) (arguments, unused) -> {
                    at = 0;
                    return null;
                };
                default -> Values.ABSENT;
            };
        }

        @Override
        public String typeName() {
            return "Cycler";
        }
    }

    /// Returns nothing when it is first called, its separator from then on.
    private static final class Joiner implements Callable {
        private final Object separator;
        private boolean used;

        Joiner(Object separator) {
            this.separator = separator;
        }

        @Override
        public Object call(Arguments arguments, Budget budget) {
            Object joint = used ? separator : "";
            used = true;
            return joint;
        }
    }
}
