package glia.jinja.value;

/// Access to parts of values: `value.name`, `value[index]`, `value[start:stop:step]`.
public final class Access {
    private static final int UNDEFINED_BYTES = 32;
    private static final int METHOD_BYTES = 24;

    private Access() {
    }

    /// `target.name`: an attribute or method first, then a dict's key; undefined where there is neither. Names that
    /// start with an underscore are never attributes.
    ///
    /// @throws JinjaError where the target is undefined
    public static Object attribute(Object target, String name, Budget budget) {
        Object value = own(target, name, budget);
        if (value == Values.ABSENT && target instanceof DictValue dict) {
            value = dict.get(name);
        }
        return value == Values.ABSENT ? missing(target, name, budget) : value;
    }

    private static Undefined missing(Object target, Object name, Budget budget) {
        budget.bytes(UNDEFINED_BYTES);
        return Undefined.member(target, name);
    }

    /// `target[index]`: an element or key first, then an attribute; undefined where there is neither.
    ///
    /// @throws JinjaError where the target is undefined
    public static Object item(Object target, Object index, Budget budget) {
        Object value = element(target, index, budget);
        if (value == Values.ABSENT && Types.kind(index) == Types.Kind.TEXT) {
            value = own(target, index.toString(), budget);
        }
        return value == Values.ABSENT ? missing(target, index, budget) : value;
    }

    private static Object element(Object target, Object index, Budget budget) {
        return switch (Types.kind(target)) {
            case UNDEFINED -> throw ((Undefined) target).error();
            case DICT -> index instanceof Sequence || index instanceof DictValue ? Values.ABSENT
                    : ((DictValue) target).get(index, budget);
            case LIST, TUPLE, RANGE -> {
                int at = position(index, ((Sequence) target).size());
                yield at < 0 ? Values.ABSENT : ((Sequence) target).get(at);
            }
            case TEXT -> {
                String text = target.toString();
                budget.scan(text.length());
                int at = position(index, Text.length(text));
                yield at < 0 ? Values.ABSENT : Text.pick(target, at, 1, 1, budget);
            }
            case NONE, BOOL, INT, FLOAT, OTHER -> Values.ABSENT;
        };
    }

    /// The position of an index, or −1.
    private static int position(Object index, int size) {
        if (!Numbers.isInteger(index)) {
            return -1;
        }
        long at = Numbers.clamped(index);
        long position = at < 0 ? at + size : at;
        return position < 0 || position >= size ? -1 : (int) position;
    }

    /// The attribute or bound method, or [Values#ABSENT].
    public static Object own(Object target, String name, Budget budget) {
        if (target instanceof Undefined undefined) {
            throw undefined.error();
        }
        if (name.startsWith("_")) {
            return Values.ABSENT;
        }
        if (target instanceof Attributed attributed) {
            return attributed.attribute(name, budget);
        }
        if (!Method.exists(target, name)) {
            return Values.ABSENT;
        }
        budget.bytes(METHOD_BYTES);
        return new Method(target, name);
    }

    /// `target[start:stop:step]`; a bound of `none` is absent.
    ///
    /// @throws JinjaError where the target is no string, list, tuple or range, or a bound no integer
    public static Object slice(Object target, Object start, Object stop, Object step, Budget budget) {
        Types.Kind kind = Types.kind(target);
        int size = switch (kind) {
            case TEXT -> Values.length(target, budget);
            case LIST, TUPLE, RANGE -> ((Sequence) target).size();
            case UNDEFINED -> throw ((Undefined) target).error();
            case DICT -> throw new JinjaError("unhashable type: 'slice'");
            case NONE, BOOL, INT, FLOAT, OTHER ->
                throw new JinjaError("'" + Types.name(target) + "' object is not subscriptable");
        };
        long stride = step == null ? 1 : bound(step);
        if (stride == 0) {
            throw new JinjaError("slice step cannot be zero");
        }
        boolean forward = stride > 0;
        long low = forward ? 0 : -1;
        long high = forward ? size : size - 1L;
        long from = start == null ? (forward ? low : high) : within(bound(start), size, low, high);
        long to = stop == null ? (forward ? high : low) : within(bound(stop), size, low, high);
        long distance = forward ? to - from : from - to;
        // A stride beyond the size picks one element at most, as the size itself does.
        stride = Math.max(-size - 1L, Math.min(size + 1L, stride));
        int count = distance <= 0 ? 0 : (int) ((distance - 1) / Math.abs(stride) + 1);
        if (kind == Types.Kind.TEXT) {
            return Text.pick(target, from, stride, count, budget);
        }
        return ((Sequence) target).pick(from, stride, count, budget);
    }

    private static long bound(Object value) {
        if (!Numbers.isInteger(value)) {
            throw new JinjaError("slice indices must be integers or None or have an __index__ method");
        }
        return Numbers.clamped(value);
    }

    private static long within(long index, int size, long low, long high) {
        long position = index < 0 ? Math.max(index, -size - 1L) + size : index;
        return Math.max(low, Math.min(high, position));
    }

    /// A method of a string, list, tuple or dict, bound to its object.
    record Method(Object target, String name) implements Callable {
        /// Whether the target has a method of this name.
        static boolean exists(Object target, String name) {
            return switch (Types.kind(target)) {
                case TEXT -> TextMethods.exists(name);
                case LIST -> ListMethods.exists(name);
                case TUPLE, RANGE -> name.equals("index") || name.equals("count");
                case DICT -> DictMethods.exists(name);
                default -> false;
            };
        }

        @Override
        public Object call(Arguments arguments, Budget budget) {
            budget.step();
            budget.operands(target, arguments);
            return switch (Types.kind(target)) {
                case TEXT -> TextMethods.call(target, name, arguments, budget);
                case DICT -> DictMethods.call((DictValue) target, name, arguments, budget);
                default -> ListMethods.call((Sequence) target, name, arguments, budget);
            };
        }
    }
}
