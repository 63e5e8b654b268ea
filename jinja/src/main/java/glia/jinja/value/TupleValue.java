package glia.jinja.value;

/// A Python tuple. Where `names` is given its elements are attributes too, as in the groups of `groupby`.
public final class TupleValue implements Sequence {
    private static final String[] UNNAMED = {};
    private static final int BYTES = 64;

    private final Object[] items;
    private final String[] names;

    private TupleValue(Object[] items, String[] names) {
        this.items = items;
        this.names = names;
    }

    /// A tuple that owns the array.
    public static TupleValue of(Budget budget, Object... items) {
        return named(budget, UNNAMED, items);
    }

    /// A tuple whose elements have names.
    public static TupleValue named(Budget budget, String[] names, Object... items) {
        budget.bytes(BYTES);
        budget.items(items.length);
        return new TupleValue(items, names);
    }

    /// The element of this name, or [Values#ABSENT].
    Object named(String name) {
        for (int i = 0; i < names.length; i++) {
            if (names[i].equals(name)) {
                return items[i];
            }
        }
        return Values.ABSENT;
    }

    @Override
    public int size() {
        return items.length;
    }

    @Override
    public Object get(int index) {
        return items[index];
    }

    @Override
    public Types.Kind kind() {
        return Types.Kind.TUPLE;
    }

    @Override
    public Sequence pick(long start, long step, int count, Budget budget) {
        budget.bytes(8L * count);
        Object[] picked = new Object[count];
        for (int i = 0; i < count; i++) {
            picked[i] = items[(int) (start + i * step)];
        }
        return of(budget, picked);
    }
}
