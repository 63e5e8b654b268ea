package glia.engine.schedule;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/// The number of sequences that have not started, of all and of each fairness key. A key takes at most three quarters
/// of the places, so that one caller does not fill the queue. For any threads.
final class WaitingCount {
    private final int most;
    private final AtomicInteger all = new AtomicInteger();
    private final Map<String, Integer> byKey = new ConcurrentHashMap<>();

    /// @param most the most sequences
    WaitingCount(int most) {
        this.most = most;
    }

    int get() {
        return all.get();
    }

    /// Counts sequences.
    ///
    /// @throws QueueFullException if there are too many; then none is counted
    void add(String key, int count) {
        int ofKey = byKey.merge(key, count, Integer::sum);
        int mostOfKey = key.isEmpty() ? most : most - most / 4;
        if (all.addAndGet(count) > most || ofKey > mostOfKey) {
            remove(key, count);
            throw ofKey > mostOfKey ? new QueueFullException(ofKey - count, count, mostOfKey)
                    : new QueueFullException(all.get(), count, most);
        }
    }

    /// Uncounts sequences that have started or ended.
    void remove(String key, int count) {
        byKey.computeIfPresent(key, (_, n) -> n == count ? null : n - count);
        all.addAndGet(-count);
    }
}
