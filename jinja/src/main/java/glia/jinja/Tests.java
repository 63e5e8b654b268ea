package glia.jinja;

import glia.jinja.value.Arguments;
import glia.jinja.value.Budget;
import glia.jinja.value.Callable;
import glia.jinja.value.DictValue;
import glia.jinja.value.Iteration;
import glia.jinja.value.JinjaError;
import glia.jinja.value.LetterCase;
import glia.jinja.value.Numbers;
import glia.jinja.value.Operators.Comparison;
import glia.jinja.value.Operators.Operator;
import glia.jinja.value.Operators;
import glia.jinja.value.Repr;
import glia.jinja.value.Types.Kind;
import glia.jinja.value.Types;
import glia.jinja.value.Values;
import java.util.Set;

/// The tests behind `is`.
final class Tests {
    static final Set<String> NAMES = Set.of("defined", "undefined", "none", "boolean", "true", "false", "integer",
            "float", "number", "string", "mapping", "sequence", "iterable", "callable", "odd", "even",
            "divisibleby", "lower", "upper", "sameas", "filter", "test");
    static final Set<String> COMPARISONS = Set.of("==", "eq", "equalto", "!=", "ne", ">", "gt", "greaterthan", ">=",
            "ge", "<", "lt", "lessthan", "<=", "le", "in");

    private Tests() {
    }

    static boolean exists(String name) {
        return NAMES.contains(name) || comparison(name) != null;
    }

    /// Whether the value passes.
    ///
    /// @throws JinjaError where there is no such test, or it cannot be applied
    static boolean test(String name, Object value, Arguments arguments, Budget budget) {
        budget.step();
        budget.operands(value, arguments);
        Comparison comparison = comparison(name);
        if (comparison != null) {
            return comparison.test(value, arguments.positional(name, 1, 1).get(0, null), budget);
        }
        return switch (name) {
            case "divisibleby" -> remainder(value, arguments.bind(name, 1, "num").get(0, null), 0L, budget);
            case "sameas" -> same(value, arguments.bind(name, 1, "other").get(0, null));
            default -> {
                if (!exists(name)) {
                    throw Filters.unknown("test", name, NAMES);
                }
                arguments.positional(name, 0, 0);
                yield test(name, value, budget);
            }
        };
    }

    private static boolean test(String name, Object value, Budget budget) {
        Kind kind = Types.kind(value);
        return switch (name) {
            case "odd" -> remainder(value, 2L, 1L, budget);
            case "even" -> remainder(value, 2L, 0L, budget);
            case "lower" -> LetterCase.isLower(text(value, budget));
            case "upper" -> LetterCase.isUpper(text(value, budget));
            case "filter" -> kind == Kind.TEXT && Filters.exists(value.toString());
            case "test" -> kind == Kind.TEXT && exists(value.toString());
            default -> isOfType(name, value, kind);
        };
    }

    private static String text(Object value, Budget budget) {
        String text = Repr.str(value, budget);
        budget.work(text.length());
        budget.bytes(512);
        return text;
    }

    private static boolean isOfType(String name, Object value, Kind kind) {
        return switch (name) {
            case "defined" -> kind != Kind.UNDEFINED;
            case "undefined" -> kind == Kind.UNDEFINED;
            case "none" -> kind == Kind.NONE;
            case "boolean" -> kind == Kind.BOOL;
            case "true" -> Boolean.TRUE.equals(value);
            case "false" -> Boolean.FALSE.equals(value);
            case "integer" -> kind == Kind.INT;
            case "float" -> kind == Kind.FLOAT;
            case "number" -> Numbers.isNumber(value);
            case "string" -> kind == Kind.TEXT;
            case "mapping" -> kind == Kind.DICT;
            case "sequence" -> switch (kind) {
                case TEXT, LIST, TUPLE, RANGE, DICT, UNDEFINED -> true;
                case NONE, BOOL, INT, FLOAT, OTHER -> false;
            };
            case "iterable" -> Iteration.isIterable(value);
            case "callable" -> value instanceof Callable || kind == Kind.UNDEFINED;
            default -> throw new AssertionError(name);
        };
    }

    private static Comparison comparison(String name) {
        return switch (name) {
            case "==", "eq", "equalto" -> Comparison.EQUAL;
            case "!=", "ne" -> Comparison.NOT_EQUAL;
            case ">", "gt", "greaterthan" -> Comparison.GREATER;
            case ">=", "ge" -> Comparison.GREATER_OR_EQUAL;
            case "<", "lt", "lessthan" -> Comparison.LESS;
            case "<=", "le" -> Comparison.LESS_OR_EQUAL;
            case "in" -> Comparison.IN;
            default -> null;
        };
    }

    private static boolean remainder(Object value, Object divisor, Object expected, Budget budget) {
        return Values.equal(Operators.apply(Operator.MODULO, value, divisor, budget), expected, budget);
    }

    /// Python shares small integers and short strings, so that equal ones are the same.
    private static boolean same(Object a, Object b) {
        return a == b || a != null && switch (Types.kind(a)) {
            case BOOL, INT, FLOAT -> a.equals(b);
            case TEXT -> Types.kind(b) == Kind.TEXT
                    && a.toString().equals(b.toString());
            case OTHER -> a instanceof Callable && !(a instanceof DictValue.View) && a.equals(b);
            default -> false;
        };
    }
}
