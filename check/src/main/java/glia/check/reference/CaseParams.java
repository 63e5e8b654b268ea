package glia.check.reference;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/// The parameters of a case. Remembers which were read, so that a case with a parameter that is not supported can be
/// reported. A parameter that is null counts as absent.
public final class CaseParams {
    private final JsonNode node;
    private final Set<String> read = new HashSet<>();

    public CaseParams(JsonNode node) {
        this.node = node;
    }

    /// Whether a parameter is there and not null.
    public boolean has(String name) {
        read.add(name);
        return node.hasNonNull(name);
    }

    /// A number; the default if it is absent.
    public double number(String name, double ifAbsent) {
        return has(name) ? number(name, node.get(name)) : ifAbsent;
    }

    /// A number that must be there.
    public double number(String name) {
        return number(name, required(name));
    }

    /// An integer; the default if it is absent.
    public int integer(String name, int ifAbsent) {
        if (!has(name)) {
            return ifAbsent;
        }
        double number = number(name, node.get(name));
        if (number != Math.rint(number) || Math.abs(number) > Integer.MAX_VALUE) {
            throw unexpected(name, node.get(name), "an integer");
        }
        return (int) number;
    }

    /// A flag; the default if it is absent.
    public boolean flag(String name, boolean ifAbsent) {
        if (!has(name)) {
            return ifAbsent;
        }
        if (!node.get(name).isBoolean()) {
            throw unexpected(name, node.get(name), "true or false");
        }
        return node.get(name).booleanValue();
    }

    /// A text; the default if it is absent.
    public String text(String name, String ifAbsent) {
        return has(name) ? text(name) : ifAbsent;
    }

    /// A text that must be there.
    public String text(String name) {
        if (!required(name).isString()) {
            throw unexpected(name, node.get(name), "a text");
        }
        return node.get(name).asString();
    }

    /// A list of numbers; empty if it is absent.
    public double[] numbers(String name) {
        List<Double> numbers = new ArrayList<>();
        if (has(name)) {
            if (!node.get(name).isArray()) {
                throw unexpected(name, node.get(name), "a list of numbers");
            }
            node.get(name).forEach(x -> numbers.add(number(name, x)));
        }
        return numbers.stream().mapToDouble(Double::doubleValue).toArray();
    }

    /// A parameter of any type that must be there.
    public JsonNode required(String name) {
        if (!has(name)) {
            throw new IllegalArgumentException("the parameter " + name + " is missing, found " + node.propertyNames());
        }
        return node.get(name);
    }

    /// The names of all parameters.
    public Set<String> names() {
        return new LinkedHashSet<>(node.propertyNames());
    }

    /// The parameters that are not null and were not read.
    public Set<String> unread() {
        Set<String> names = names();
        names.removeIf(name -> read.contains(name) || node.get(name).isNull());
        return names;
    }

    /// A number, which is a text if it is not finite.
    public static double number(String name, JsonNode value) {
        if (value.isNumber()) {
            return value.doubleValue();
        }
        return switch (value.isString() ? value.asString() : "") {
            case "inf" -> Double.POSITIVE_INFINITY;
            case "-inf" -> Double.NEGATIVE_INFINITY;
            case "nan" -> Double.NaN;
            default -> throw unexpected(name, value, "a number");
        };
    }

    private static IllegalArgumentException unexpected(String name, JsonNode value, String expected) {
        return new IllegalArgumentException(name + ": found " + value + ", expected " + expected);
    }
}
