package glia.jinja.value;

import java.math.BigInteger;
import java.util.Arrays;

/// The key of a hash table for a dict's key that is not a string; a string is its own. Two are equal if and only if
/// Python holds the keys equal.
///
/// Hash values depend on a random seed and keys are ordered, so that no choice of keys makes a look-up slow:
/// `HashMap` keeps keys of equal hash value in a search tree where they are `Comparable`.
final class DictKey implements Comparable<DictKey> {
    private static final int SEED = Long.hashCode(System.nanoTime() * 0x9E3779B97F4A7C15L);
    private static final int BYTES = 48;
    private static final int BYTES_PER_ITEM = 8;
    private static final long SCANS_PER_ITEM = 16;

    /// The kinds of keys, in their order.
    private enum Kind { NONE, UNDEFINED, INTEGER, FLOAT, RANGE, TUPLE, OTHER }

    private final Kind kind;
    private final Object value;
    private final int hash;

    private DictKey(Kind kind, Object value, int hash) {
        this.kind = kind;
        this.value = value;
        int mixed = (hash ^ SEED) * 0x9E3779B1;
        this.hash = mixed ^ mixed >>> 15;
    }

    /// The hash key of a value.
    ///
    /// @throws JinjaError where the value is not hashable, such as a list
    static Object of(Object key, Budget budget) {
        if (key instanceof String text) {
            budget.scan(text.length());
            return text;
        }
        Types.Kind kind = Types.kind(key);
        budget.scan(key);
        if (kind == Types.Kind.TEXT) {
            return key.toString();
        }
        budget.bytes(BYTES);
        return switch (kind) {
            case NONE -> new DictKey(Kind.NONE, null, 0);
            case UNDEFINED -> new DictKey(Kind.UNDEFINED, null, 1);
            case BOOL -> integer((Boolean) key ? 1L : 0L);
            case INT -> integer(key);
            case FLOAT -> real((Double) key);
            case RANGE -> range((RangeValue) key);
            case TUPLE -> tuple((TupleValue) key, budget);
            case LIST, DICT -> throw new JinjaError("unhashable type: '" + Types.name(key) + "'");
            default -> new DictKey(Kind.OTHER, key, System.identityHashCode(key));
        };
    }

    private static DictKey integer(Object key) {
        return new DictKey(Kind.INTEGER, key, key.hashCode());
    }

    private static DictKey real(Double key) {
        return key == Math.rint(key) && !Double.isInfinite(key) ? integer(Numbers.normal(Numbers.truncated(key)))
                : new DictKey(Kind.FLOAT, key, key.hashCode());
    }

    /// Ranges with the same elements are equal.
    private static DictKey range(RangeValue range) {
        RangeValue same = switch (range.size()) {
            case 0 -> new RangeValue(0, 1, 0);
            case 1 -> new RangeValue(range.start(), 1, 1);
            default -> range;
        };
        return new DictKey(Kind.RANGE, same, same.hashCode());
    }

    private static DictKey tuple(TupleValue tuple, Budget budget) {
        budget.enter();
        budget.items(tuple.size());
        // A look-up may compare with several keys of equal hash value.
        budget.scan(SCANS_PER_ITEM * tuple.size());
        budget.bytes((long) BYTES_PER_ITEM * tuple.size());
        Object[] items = new Object[tuple.size()];
        for (int i = 0; i < items.length; i++) {
            items[i] = of(tuple.get(i), budget);
        }
        budget.exit();
        return new DictKey(Kind.TUPLE, items, Arrays.hashCode(items));
    }

    @Override
    public int hashCode() {
        return hash;
    }

    @Override
    public boolean equals(Object other) {
        if (!(other instanceof DictKey that) || kind != that.kind || hash != that.hash) {
            return false;
        }
        return switch (kind) {
            case NONE, UNDEFINED -> true;
            case INTEGER, FLOAT, RANGE -> value.equals(that.value);
            case TUPLE -> Arrays.equals((Object[]) value, (Object[]) that.value);
            case OTHER -> value == that.value;
        };
    }

    @Override
    public int compareTo(DictKey that) {
        if (kind != that.kind) {
            return kind.compareTo(that.kind);
        }
        return switch (kind) {
            case NONE, UNDEFINED, OTHER -> 0;
            case INTEGER -> value instanceof Long a && that.value instanceof Long b ? Long.compare(a, b)
                    : big(value).compareTo(big(that.value));
            case FLOAT -> Double.compare((Double) value, (Double) that.value);
            case RANGE -> order((RangeValue) value, (RangeValue) that.value);
            case TUPLE -> order((Object[]) value, (Object[]) that.value);
        };
    }

    private static BigInteger big(Object integer) {
        return Numbers.big(integer);
    }

    private static int order(RangeValue a, RangeValue b) {
        int order = Long.compare(a.start(), b.start());
        order = order == 0 ? Long.compare(a.step(), b.step()) : order;
        return order == 0 ? Integer.compare(a.size(), b.size()) : order;
    }

    private static int order(Object[] a, Object[] b) {
        int order = Integer.compare(a.length, b.length);
        for (int i = 0; order == 0 && i < a.length; i++) {
            order = order(a[i], b[i]);
        }
        return order;
    }

    private static int order(Object a, Object b) {
        if (a instanceof String x) {
            return b instanceof String y ? x.compareTo(y) : -1;
        }
        return b instanceof DictKey y ? ((DictKey) a).compareTo(y) : 1;
    }
}
