package glia.jinja.value;

import java.util.ArrayList;
import java.util.List;

/// A Python list.
public final class ListValue implements Sequence {
    private static final int BYTES = 64;

    private final ArrayList<Object> items;

    /// A list that owns `items`; the caller has charged for them.
    public ListValue(ArrayList<Object> items) {
        this.items = items;
    }

    /// An empty list.
    public ListValue(Budget budget) {
        this(new ArrayList<>());
        budget.bytes(BYTES);
    }

    /// The elements, which may be changed.
    public List<Object> items() {
        return items;
    }

    /// Adds an element at the end.
    public void add(Object item, Budget budget) {
        budget.items(1);
        items.add(item);
    }

    /// Adds all elements of another list at the end.
    void addAll(ListValue other, Budget budget) {
        budget.items(other.size());
        items.addAll(other.items);
    }

    @Override
    public int size() {
        return items.size();
    }

    @Override
    public Object get(int index) {
        return items.get(index);
    }

    @Override
    public Types.Kind kind() {
        return Types.Kind.LIST;
    }

    @Override
    public ListValue pick(long start, long step, int count, Budget budget) {
        budget.bytes(BYTES);
        budget.items(count);
        ArrayList<Object> picked = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            picked.add(items.get((int) (start + i * step)));
        }
        return new ListValue(picked);
    }
}
