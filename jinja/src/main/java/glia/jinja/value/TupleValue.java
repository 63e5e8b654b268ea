package glia.jinja.value;

/// A Python tuple.
public final class TupleValue implements Sequence {
    private static final int BYTES = 64;

    private final Object[] items;

    private TupleValue(Object[] items) {
        this.items = items;
    }

    /// A tuple that owns the array.
    public static TupleValue of(Budget budget, Object... items) {
        budget.bytes(BYTES);
        budget.items(items.length);
        return new TupleValue(items);
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
