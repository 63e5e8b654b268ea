package glia.jinja.value;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// The arguments of a call, by position and by name, and their binding to parameters as Python does it.
public record Arguments(List<Object> positional, Map<String, Object> named) {
    /// No arguments.
    public static final Arguments NONE = new Arguments(List.of(), Map.of());

    /// Binds to parameters that can be given by position or by name.
    ///
    /// @param function the name to use in errors
    /// @param required how many of the parameters must be given
    public Bound bind(String function, int required, String... parameters) {
        Object[] values = place(function, parameters.length);
        for (Map.Entry<String, Object> argument : named.entrySet()) {
            int index = List.of(parameters).indexOf(argument.getKey());
            if (index < 0) {
                throw new JinjaError(function + "() got an unexpected keyword argument '" + argument.getKey() + "'");
            }
            if (values[index] != Values.ABSENT) {
                throw new JinjaError(function + "() got multiple values for argument '" + argument.getKey() + "'");
            }
            values[index] = argument.getValue();
        }
        for (int i = 0; i < required; i++) {
            if (values[i] == Values.ABSENT) {
                throw new JinjaError(function + "() missing 1 required positional argument: '" + parameters[i] + "'");
            }
        }
        return new Bound(function, values);
    }

    /// Binds to parameters that can be given by position only.
    public Bound positional(String function, int required, int maximum) {
        if (!named.isEmpty()) {
            throw new JinjaError(function + "() takes no keyword arguments");
        }
        Object[] values = place(function, maximum);
        if (positional.size() < required) {
            throw new JinjaError(function + "() takes at least " + required + " argument(s), "
                    + positional.size() + " given");
        }
        return new Bound(function, values);
    }

    private Object[] place(String function, int maximum) {
        if (positional.size() > maximum) {
            throw new JinjaError(function + "() takes at most " + maximum + " argument(s), "
                    + positional.size() + " given");
        }
        Object[] values = positional.toArray(new Object[maximum]);
        Arrays.fill(values, positional.size(), maximum, Values.ABSENT);
        return values;
    }

    /// The arguments without the first `count` positional ones.
    public Arguments skip(int count) {
        return new Arguments(positional.subList(count, positional.size()), named);
    }

    /// The arguments and one more by name.
    public Arguments with(String name, Object value) {
        Map<String, Object> all = new LinkedHashMap<>(named);
        if (all.put(name, value) != null) {
            throw new JinjaError("got multiple values for keyword argument '" + name + "'");
        }
        return new Arguments(positional, all);
    }

    /// Arguments in the order of a function's parameters; [Values#ABSENT] where none was given.
    public record Bound(String function, Object[] values) {
        /// Whether the argument was given.
        public boolean has(int index) {
            return values[index] != Values.ABSENT;
        }

        /// The argument, or a default.
        public Object get(int index, Object otherwise) {
            return has(index) ? values[index] : otherwise;
        }

        /// The argument as an integer, or a default; beyond the bounds of a long, the nearest one.
        public long integer(int index, long otherwise) {
            Object value = get(index, otherwise);
            if (!Numbers.isInteger(value)) {
                throw unfit(value, "an integer");
            }
            return Numbers.clamped(value);
        }

        /// The argument as an integer, or a default where it is none or not given.
        public long integerOrNone(int index, long otherwise) {
            return get(index, null) == null ? otherwise : integer(index, otherwise);
        }

        /// Whether the argument is true.
        public boolean isTrue(int index, boolean otherwise) {
            return Values.isTrue(get(index, otherwise));
        }

        /// The argument as a string, or a default.
        public String text(int index, String otherwise) {
            Object value = get(index, otherwise);
            if (Types.kind(value) != Types.Kind.TEXT) {
                throw unfit(value, "a string");
            }
            return value.toString();
        }

        /// The argument as a string value, with its trust.
        Object trusted(int index) {
            text(index, null);
            return values[index];
        }

        /// The argument as a string, or null where it is none or not given.
        public String textOrNone(int index) {
            return get(index, null) == null ? null : text(index, null);
        }

        private JinjaError unfit(Object value, String expected) {
            return value instanceof Undefined undefined ? undefined.error()
                    : new JinjaError(function + "() takes " + expected + ", not " + Types.name(value));
        }
    }
}
