package glia.engine.schedule;

import java.util.ArrayDeque;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.function.Predicate;

/// Waiting items, taken in turns by key: next is the key that was served longest ago, and within a key the oldest item.
/// One key with many items delays each other key by one item. For any threads.
public final class TurnQueue<T> {
    /// In the order of their turns.
    private final Map<String, ArrayDeque<T>> byKey = new LinkedHashMap<>();
    private int size;

    /// Creates an empty queue.
    public TurnQueue() { }

    /// Adds an item after the others of its key.
    public synchronized void add(String key, T item) {
        ArrayDeque<T> items = byKey.get(key);
        if (items == null) {
            items = new ArrayDeque<>();
            byKey.put(key, items);
        }
        items.add(item);
        size++;
    }

    /// Removes the next item; null if none waits.
    public synchronized T poll() {
        return poll(_ -> true);
    }

    /// Removes the next item of a key that may be served; null if none waits.
    public synchronized T poll(Predicate<String> may) {
        for (Iterator<Map.Entry<String, ArrayDeque<T>>> all = byKey.entrySet().iterator(); all.hasNext();) {
            Map.Entry<String, ArrayDeque<T>> next = all.next();
            if (may.test(next.getKey())) {
                T item = next.getValue().poll();
                all.remove();
                if (!next.getValue().isEmpty()) {
                    byKey.put(next.getKey(), next.getValue());
                }
                size--;
                return item;
            }
        }
        return null;
    }

    /// Removes an item that needs no turn any more.
    ///
    /// @return false if it does not wait
    public synchronized boolean remove(String key, T item) {
        ArrayDeque<T> items = byKey.get(key);
        if (items == null || !items.remove(item)) {
            return false;
        }
        if (items.isEmpty()) {
            byKey.remove(key);
        }
        size--;
        return true;
    }

    /// The number of waiting items.
    public synchronized int size() {
        return size;
    }

    /// The number of waiting items of a key.
    public synchronized int size(String key) {
        ArrayDeque<T> items = byKey.get(key);
        return items == null ? 0 : items.size();
    }
}
