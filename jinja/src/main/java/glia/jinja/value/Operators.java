package glia.jinja.value;

import glia.jinja.value.Sequence.ListValue;
import java.util.List;

/// The arithmetic operators, on all values for which Python defines them.
public final class Operators {
    private Operators() {
    }

    /// The operators.
    public enum Operator {
        ADD("+"), SUBTRACT("-"), MULTIPLY("*"), DIVIDE("/"), FLOOR_DIVIDE("//"), MODULO("%"), POWER("** or pow()");

        private final String symbol;

        Operator(String symbol) {
            this.symbol = symbol;
        }
    }

    /// Applies an operator.
    ///
    /// @throws JinjaError where it is not defined for the operands, or its result would be too large
    public static Object apply(Operator operator, Object a, Object b, Budget budget) {
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.apply(operator, a, b, budget);
        }
        if (operator == Operator.MODULO && Types.kind(a) == Types.Kind.TEXT) {
            throw new JinjaError("formatting by '%' is not supported in chat templates; expected '~' between parts");
        }
        refuseUndefined(a, b);
        Object result = switch (operator) {
            case ADD -> add(a, b, budget);
            case MULTIPLY -> multiply(a, b, budget);
            default -> Values.ABSENT;
        };
        if (result == Values.ABSENT) {
            throw unsupported(operator, a, b);
        }
        return result;
    }

    /// Undefined values fail in every operation.
    static void refuseUndefined(Object a, Object b) {
        if (a instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (b instanceof Undefined undefined) {
            throw undefined.error();
        }
    }

    private static JinjaError unsupported(Operator operator, Object a, Object b) {
        if (operator == Operator.ADD && (Types.kind(a) == Types.Kind.TEXT || a instanceof ListValue
                || a instanceof Sequence.TupleValue)) {
            String type = Types.name(a);
            return new JinjaError("can only concatenate " + type + " (not \"" + Types.name(b) + "\") to " + type);
        }
        return new JinjaError("unsupported operand type(s) for " + operator.symbol + ": '" + Types.name(a)
                + "' and '" + Types.name(b) + "'");
    }

    private static Object add(Object a, Object b, Budget budget) {
        Types.Kind kind = Types.kind(a);
        if (kind != Types.kind(b)) {
            return Values.ABSENT;
        }
        return switch (kind) {
            case TEXT -> TrustedText.joined(a, b, budget);
            case LIST -> {
                ListValue sum = Iteration.list(a, budget);
                sum.addAll((ListValue) b, budget);
                yield sum;
            }
            case TUPLE -> {
                ListValue sum = Iteration.list(a, budget);
                sum.addAll(Iteration.list(b, budget), budget);
                yield Sequence.TupleValue.of(budget, sum.items().toArray());
            }
            default -> Values.ABSENT;
        };
    }

    private static Object multiply(Object a, Object b, Budget budget) {
        if (Numbers.isInteger(a)) {
            return Numbers.isInteger(b) ? Values.ABSENT : multiply(b, a, budget);
        }
        if (!Numbers.isInteger(b)) {
            return Values.ABSENT;
        }
        long count = Math.max(0, Numbers.clamped(b));
        return switch (Types.kind(a)) {
            case TEXT -> repeat(a, count, budget);
            case LIST -> repeat((Sequence) a, count, budget);
            case TUPLE -> Sequence.TupleValue.of(budget, repeat((Sequence) a, count, budget).items().toArray());
            default -> Values.ABSENT;
        };
    }

    /// The text `count` times over.
    static String repeat(String text, long count, Budget budget) {
        return (String) repeat((Object) text, count, budget);
    }

    /// The string value `count` times over, with its trust.
    static Object repeat(Object value, long count, Budget budget) {
        String text = value.toString();
        if (text.isEmpty() || count == 0) {
            return "";
        }
        budget.text(count > Integer.MAX_VALUE ? Integer.MAX_VALUE : count * text.length());
        if (TrustedText.spans(value).length == 0 || TrustedText.isWhole(value)) {
            return TrustedText.changed(value, text.repeat((int) count));
        }
        TextBuilder repeated = new TextBuilder(budget);
        for (long i = 0; i < count; i++) {
            repeated.append(value);
        }
        return repeated.value();
    }

    private static ListValue repeat(Sequence items, long count, Budget budget) {
        ListValue list = new ListValue(budget);
        List<Object> repeated = list.items();
        if (items.size() == 0) {
            return list;
        }
        budget.items(count > Integer.MAX_VALUE ? Long.MAX_VALUE : count * items.size());
        for (long i = 0; i < count; i++) {
            for (int j = 0; j < items.size(); j++) {
                repeated.add(items.get(j));
            }
        }
        return list;
    }

    /// `-value`
    public static Object negate(Object value, Budget budget) {
        budget.scan(value);
        return signed(value) ? Numbers.negate(value) : refuseUnary("-", value);
    }

    /// `+value`
    public static Object plus(Object value, Budget budget) {
        budget.scan(value);
        if (!signed(value)) {
            return refuseUnary("+", value);
        }
        return value instanceof Double ? value : Numbers.normal(Numbers.big(value));
    }

    private static boolean signed(Object value) {
        refuseUndefined(value, null);
        return Numbers.isNumber(value);
    }

    private static Object refuseUnary(String operator, Object value) {
        throw new JinjaError("bad operand type for unary " + operator + ": '" + Types.name(value) + "'");
    }

    /// The comparisons of two values.
    public enum Comparison {
        EQUAL("=="), NOT_EQUAL("!="), LESS("<"), LESS_OR_EQUAL("<="), GREATER(">"), GREATER_OR_EQUAL(">="),
        IN("in"), NOT_IN("not in");

        private final String symbol;

        Comparison(String symbol) {
            this.symbol = symbol;
        }

        /// Whether `a` and `b` compare so.
        ///
        /// @throws JinjaError where Python does not define the comparison for the two
        public boolean test(Object a, Object b, Budget budget) {
            budget.step();
            return switch (this) {
                case EQUAL -> Values.equal(a, b, budget);
                case NOT_EQUAL -> !Values.equal(a, b, budget);
                case LESS -> Values.order(a, b, symbol, budget) < 0;
                case LESS_OR_EQUAL -> Values.order(a, b, symbol, budget) <= 0;
                case GREATER -> Values.order(a, b, symbol, budget) == 1;
                case GREATER_OR_EQUAL -> (Values.order(a, b, symbol, budget) & ~1) == 0;
                case IN -> Values.contains(b, a, budget);
                case NOT_IN -> !Values.contains(b, a, budget);
            };
        }
    }
}
