package glia.jinja.value;

import java.util.Collection;
import java.util.LinkedHashMap;

/// A Python dict: keeps the order of insertion and treats keys as the same where Python holds them equal (`1`, `1.0`
/// and `true`).
public final class DictValue {
    private static final int BYTES = 96;

    /// A key as it was first given, and its value.
    public record Entry(Object key, Object value) {
    }

    /// By the string itself, or by [DictKey].
    private final LinkedHashMap<Object, Entry> entries = new LinkedHashMap<>();

    /// An empty dict.
    public DictValue(Budget budget) {
        budget.bytes(BYTES);
    }

    /// The number of entries.
    public int size() {
        return entries.size();
    }

    /// The entries in order.
    public Collection<Entry> entries() {
        return entries.values();
    }

    /// The last entry; the dict must not be empty.
    Entry last() {
        return entries.lastEntry().getValue();
    }

    /// The value, or [Values#ABSENT].
    ///
    /// @throws JinjaError where the key is not hashable, such as a list
    public Object get(Object key, Budget budget) {
        Entry entry = entries.get(DictKey.of(key, budget));
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// The value at a key that is a name of the template's source, or [Values#ABSENT].
    public Object get(String key) {
        Entry entry = entries.get(key);
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// Sets the value at a key that is a name of the template's source.
    public void put(String key, Object value, Budget budget) {
        budget.entries(1);
        entries.put(key, new Entry(key, value));
    }

    /// Sets the value.
    ///
    /// @throws JinjaError where the key is not hashable, such as a list
    public void put(Object key, Object value, Budget budget) {
        Object hashed = DictKey.of(key, budget);
        budget.entries(1);
        Entry old = entries.get(hashed);
        entries.put(hashed, new Entry(old == null ? key : old.key(), value));
    }

    /// Removes an entry; returns its value, or [Values#ABSENT].
    public Object remove(Object key, Budget budget) {
        Entry entry = entries.remove(DictKey.of(key, budget));
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// Removes all entries.
    public void clear(Budget budget) {
        budget.scan(entries.size());
        entries.clear();
    }
}
