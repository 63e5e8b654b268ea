package glia.jinja.value;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Locale;

/// A Python dict: keeps the order of insertion and treats keys as the same where Python holds them equal (`1`, `1.0`
/// and `true`).
public final class DictValue {
    private static final int BYTES = 96;
    private static final int KEY_BYTES = 272;

    /// A key as it was first given, and its value.
    public record Entry(Object key, Object value) {
    }

    /// By [#key].
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
        Entry entry = entries.get(key(key, budget));
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
        Object hashed = key(key, budget);
        budget.entries(1);
        Entry old = entries.get(hashed);
        entries.put(hashed, new Entry(old == null ? key : old.key(), value));
    }

    /// Removes an entry; returns its value, or [Values#ABSENT].
    public Object remove(Object key, Budget budget) {
        Entry entry = entries.remove(key(key, budget));
        return entry == null ? Values.ABSENT : entry.value();
    }

    /// Removes all entries.
    public void clear(Budget budget) {
        budget.scan(entries.size());
        entries.clear();
    }

    /// What a key is found by: equal for keys that Python holds equal. Strings, and numbers of one type, are
    /// `Comparable`, so no choice of keys makes a look-up slow: a hash table keeps those of equal hash value in a tree.
    private static Object key(Object key, Budget budget) {
        budget.scan(key);
        budget.bytes(KEY_BYTES);
        return switch (Types.kind(key)) {
            case TEXT -> key.toString();
            case NONE -> Values.ABSENT;
            case BOOL, INT -> Numbers.normal(Numbers.big(key));
            case FLOAT -> {
                double real = (Double) key;
                yield real == Math.rint(real) && !Double.isInfinite(real) ? Numbers.normal(Numbers.truncated(real))
                        : key;
            }
            case UNDEFINED, OTHER -> key;
            case LIST, TUPLE, RANGE, DICT -> throw new JinjaError("unhashable type: '" + Types.name(key)
                    + "'; expected a string, a number or none as the key of a dict");
        };
    }

    /// A view of the entries, as `keys()`, `values()` and `items()` give it; it reflects later changes of the dict.
    public record View(DictValue dict, Part part) {
        /// The part of the entries that a view shows.
        public enum Part { KEYS, VALUES, ITEMS }

        /// A list of the current elements.
        public Sequence.ListValue list(Budget budget) {
            Sequence.ListValue list = new Sequence.ListValue(budget);
            for (Entry entry : dict.entries()) {
                list.add(switch (part) {
                    case KEYS -> entry.key();
                    case VALUES -> entry.value();
                    case ITEMS -> Sequence.TupleValue.of(budget, entry.key(), entry.value());
                }, budget);
            }
            return list;
        }

        String typeName() {
            return "dict_" + part.name().toLowerCase(Locale.ROOT);
        }
    }
}
