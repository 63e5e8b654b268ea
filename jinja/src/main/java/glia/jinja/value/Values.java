package glia.jinja.value;

/// Truth, equality, order, length and containment of all values.
public final class Values {
    /// Marks an absent element, since null is a value (`none`).
    public static final Object ABSENT = new Object();

    /// Two elements of ranges.
    private static final int BOXED_BYTES = 48;

    private Values() {
    }

    /// The truth value, as in `if`.
    public static boolean isTrue(Object value) {
        return switch (Types.kind(value)) {
            case NONE, UNDEFINED -> false;
            case BOOL -> (Boolean) value;
            case INT -> !value.equals(0L);
            case FLOAT -> (Double) value != 0;
            case TEXT -> !value.toString().isEmpty();
            case LIST, TUPLE, RANGE -> ((Sequence) value).size() > 0;
            case DICT -> ((DictValue) value).size() > 0;
            case OTHER -> !(value instanceof DictValue.View view) || view.dict().size() > 0;
        };
    }

    /// The length, or −1 for a value that has none.
    public static int length(Object value, Budget budget) {
        return switch (Types.kind(value)) {
            case TEXT -> {
                budget.scan(value.toString().length());
                yield Text.length(value.toString());
            }
            case LIST, TUPLE, RANGE -> ((Sequence) value).size();
            case DICT -> ((DictValue) value).size();
            case UNDEFINED -> 0;
            case OTHER -> value instanceof DictValue.View view ? view.dict().size() : -1;
            case NONE, BOOL, INT, FLOAT -> -1;
        };
    }

    /// `a == b`
    public static boolean equal(Object a, Object b, Budget budget) {
        budget.step();
        if (a == b) {
            return !(a instanceof Double real) || !real.isNaN();
        }
        Types.Kind kind = Types.kind(a);
        if (Numbers.isNumber(a)) {
            return Numbers.isNumber(b) && Numbers.order(a, b, budget) == 0;
        }
        if (kind != Types.kind(b)) {
            return false;
        }
        return switch (kind) {
            case TEXT -> equal(a.toString(), b.toString(), budget);
            case LIST, TUPLE, RANGE -> equal((Sequence) a, (Sequence) b, budget);
            case DICT -> equal((DictValue) a, (DictValue) b, budget);
            case UNDEFINED -> true;
            case OTHER -> a instanceof DictValue.View x && b instanceof DictValue.View y && equal(x, y, budget);
            case NONE, BOOL, INT, FLOAT -> false;
        };
    }

    private static boolean equal(String a, String b, Budget budget) {
        if (a.length() != b.length()) {
            return false;
        }
        budget.scan(a.length());
        return a.equals(b);
    }

    private static boolean equal(Sequence a, Sequence b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        boolean equal = true;
        for (int i = 0; equal && i < a.size() && i < b.size(); i++) {
            equal = same(a.get(i), b.get(i), budget);
        }
        budget.exit();
        return equal;
    }

    private static boolean equal(DictValue a, DictValue b, Budget budget) {
        if (a.size() != b.size()) {
            return false;
        }
        budget.enter();
        for (DictValue.Entry entry : a.entries()) {
            budget.step();
            Object other = b.get(entry.key(), budget);
            if (other == ABSENT || !same(entry.value(), other, budget)) {
                budget.exit();
                return false;
            }
        }
        budget.exit();
        return true;
    }

    private static boolean equal(DictValue.View a, DictValue.View b, Budget budget) {
        if (a.part() != b.part() || a.part() == DictValue.View.Part.VALUES || a.dict().size() != b.dict().size()) {
            return false;
        }
        for (Object item : a.list(budget).items()) {
            if (!contains(b, item, budget)) {
                return false;
            }
        }
        return true;
    }

    /// Equality as containers use it: an element always equals itself, even if it is NaN.
    private static boolean same(Object a, Object b, Budget budget) {
        budget.scan(8);
        budget.bytes(BOXED_BYTES);
        return a == b || equal(a, b, budget);
    }

    /// −1, 0 or 1 for `a < b`, `a == b` and `a > b`; 2 where none holds (NaN).
    ///
    /// @param operator the operator to name in the error
    /// @throws JinjaError where Python does not order the two
    public static int order(Object a, Object b, String operator, Budget budget) {
        budget.step();
        if (Numbers.isNumber(a) && Numbers.isNumber(b)) {
            return Numbers.order(a, b, budget);
        }
        Operators.refuseUndefined(a, b);
        Types.Kind kind = Types.kind(a);
        if (kind == Types.kind(b)) {
            if (kind == Types.Kind.TEXT) {
                return Text.order(a.toString(), b.toString(), budget);
            }
            if (kind == Types.Kind.LIST || kind == Types.Kind.TUPLE) {
                return order((Sequence) a, (Sequence) b, operator, budget);
            }
        }
        throw new JinjaError("'" + operator + "' not supported between instances of '" + Types.name(a) + "' and '"
                + Types.name(b) + "'");
    }

    private static int order(Sequence a, Sequence b, String operator, Budget budget) {
        budget.enter();
        int order = Integer.compare(a.size(), b.size());
        for (int i = 0; i < a.size() && i < b.size(); i++) {
            if (!same(a.get(i), b.get(i), budget)) {
                order = order(a.get(i), b.get(i), operator, budget);
                break;
            }
        }
        budget.exit();
        return order;
    }

    /// `item in container`
    ///
    /// @throws JinjaError where the value is no container
    public static boolean contains(Object container, Object item, Budget budget) {
        return switch (Types.kind(container)) {
            case TEXT -> containsText(container.toString(), item, budget);
            case DICT -> ((DictValue) container).get(item, budget) != ABSENT;
            case LIST, TUPLE, RANGE -> indexOf((Sequence) container, item, 0, budget) >= 0;
            case UNDEFINED -> false;
            case OTHER -> {
                if (container instanceof DictValue.View view && view.part() == DictValue.View.Part.KEYS) {
                    yield view.dict().get(item, budget) != ABSENT;
                }
                yield containsByIteration(container, item, budget);
            }
            case NONE, BOOL, INT, FLOAT ->
                throw new JinjaError("argument of type '" + Types.name(container) + "' is not iterable");
        };
    }

    private static boolean containsText(String text, Object item, Budget budget) {
        if (Types.kind(item) != Types.Kind.TEXT) {
            throw new JinjaError("'in <string>' requires string as left operand, not " + Types.name(item));
        }
        return TextSearch.contains(text, item.toString(), budget);
    }

    private static boolean containsByIteration(Object container, Object item, Budget budget) {
        var iterator = Iteration.of(container, budget);
        while (iterator.hasNext()) {
            if (same(item, iterator.next(), budget)) {
                return true;
            }
        }
        return false;
    }

    /// The index of the first element equal to `item` at or after `from`, or −1.
    static int indexOf(Sequence sequence, Object item, int from, Budget budget) {
        for (int i = from; i < sequence.size(); i++) {
            if (same(item, sequence.get(i), budget)) {
                return i;
            }
        }
        return -1;
    }
}
