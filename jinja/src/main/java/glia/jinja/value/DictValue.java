package glia.jinja.value;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;

/// A Python dict: keeps the order of insertion, and takes keys for the same where Python holds them equal
/// (`1`, `1.0` and `true`).
public final class DictValue {
    /// A key as it was first given, and its value.
    public record Entry(Object key, Object value) {
    }

    private final LinkedHashMap<Object, Entry> entries = new LinkedHashMap<>();

    public DictValue() { }

    /// The number of entries.
    public int size() {
        return entries.size();
    }

    /// The entries in order.
    public Collection<Entry> entries() {
        return entries.values();
    }

    /// The value, or [Values#ABSENT].
    ///
    /// @throws JinjaError where the key cannot be one, such as a list
    public Object get(Object key, Budget budget) {
        Entry entry = entries.get(hashed(key, budget));
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// The value at a key that is a string, or [Values#ABSENT].
    public Object get(String key) {
        Entry entry = entries.get(key);
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// Sets the value at a key that is a string.
    public void put(String key, Object value) {
        entries.put(key, new Entry(key, value));
    }

    /// Sets the value.
    ///
    /// @throws JinjaError where the key cannot be one, such as a list
    public void put(Object key, Object value, Budget budget) {
        Object hashed = hashed(key, budget);
        Entry old = entries.get(hashed);
        entries.put(hashed, new Entry(old == null ? key : old.key(), value));
    }

    /// Takes an entry out; its value, or [Values#ABSENT].
    public Object remove(Object key, Budget budget) {
        Entry entry = entries.remove(hashed(key, budget));
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// Takes all entries out.
    public void clear() {
        entries.clear();
    }

    /// What stands for a key in a hash table: equal for two keys if and only if Python holds the keys equal.
    static Object hashed(Object key, Budget budget) {
        return switch (Types.kind(key)) {
            case TEXT -> key.toString();
            case BOOL -> (Boolean) key ? 1L : 0L;
            case FLOAT -> hashed((Double) key);
            case TUPLE -> hashed((TupleValue) key, budget);
            case LIST, DICT -> throw new JinjaError("unhashable type: '" + Types.name(key) + "'");
            case UNDEFINED -> Undefined.class;
            case NONE, INT, RANGE, OTHER -> key;
        };
    }

    private static Object hashed(double key) {
        if (key != Math.rint(key) || Double.isInfinite(key)) {
            return key;
        }
        BigInteger integer = Numbers.truncated(key);
        return Numbers.normal(integer);
    }

    private static Object hashed(TupleValue key, Budget budget) {
        budget.enter();
        budget.items(key.size() + 1L);
        ArrayList<Object> hashed = new ArrayList<>(key.size());
        for (int i = 0; i < key.size(); i++) {
            hashed.add(hashed(key.get(i), budget));
        }
        budget.exit();
        return hashed;
    }
}
