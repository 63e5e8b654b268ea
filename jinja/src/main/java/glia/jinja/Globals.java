package glia.jinja;

import glia.jinja.value.Access;
import glia.jinja.value.Arguments;
import glia.jinja.value.Attributed;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.DictValue;
import glia.jinja.value.JinjaError;
import glia.jinja.value.Repr;
import glia.jinja.value.Sequence.RangeValue;
import java.time.LocalDateTime;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;

/// The functions that every template can call.
final class Globals {
    static final List<String> NAMES =
            List.of("range", "dict", "namespace", "raise_exception", "strftime_now");

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

    /// An object whose attributes can be set from inner blocks, unlike the variables of outer blocks.
    record Namespace(DictValue attributes) implements Attributed, Repr.Reprs {
        void set(String name, Object value, Budget budget) {
            budget.step();
            attributes.put(name, value, budget);
        }

        @Override
        public Object attribute(String name, Budget budget) {
            return attributes.get(name);
        }

        @Override
        public String typeName() {
            return "Namespace";
        }

        @Override
        public String repr(Budget budget) {
            return "<Namespace " + Repr.repr(attributes, budget) + ">";
        }
    }
}
