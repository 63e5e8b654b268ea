package glia.jinja.value;

import java.util.ArrayList;
import java.util.List;

/// A Python list.
public final class ListValue implements Sequence {
    private final ArrayList<Object> items;

    /// Takes the list as its own.
    public ListValue(ArrayList<Object> items) {
        this.items = items;
    }

    /// An empty list.
    public ListValue() {
        this(new ArrayList<>());
    }

    /// The elements, which may be changed.
    public List<Object> items() {
        return items;
    }

    /// Adds an element at the end.
    public void add(Object item) {
        items.add(item);
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
    public Sequence pick(long start, long step, int count) {
        ArrayList<Object> picked = new ArrayList<>(count);
        for (int i = 0; i < count; i++) {
            picked.add(items.get((int) (start + i * step)));
        }
        return new ListValue(picked);
    }
}
