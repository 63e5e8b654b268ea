package glia.train.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;

/// Texts of some steps in bounded memory: every one of a short run, and equally spaced ones and the last of a long run.
final class TextHistory<T> {
    private static final int MAX = 40;

    private final List<Entry<T>> entries = new ArrayList<>();
    private int stride = 1;
    private long count;

    /// What was shown at a step.
    record Entry<T>(long step, T content) { }

    /// Adds the texts of a step; those of later steps, from before a rollback, are removed.
    void add(long step, T content) {
        entries.removeIf(e -> e.step() >= step);
        if (!entries.isEmpty() && (count - 1) % stride != 0) {
            entries.removeLast();
        }
        entries.add(new Entry<>(step, content));
        count++;
        if (entries.size() > MAX) {
            for (int i = entries.size() - 2; i > 0; i--) {
                if (i % 2 == 1) {
                    entries.remove(i);
                }
            }
            stride *= 2;
        }
    }

    boolean isEmpty() {
        return entries.isEmpty();
    }

    List<Entry<T>> all() {
        return Collections.unmodifiableList(entries);
    }
}
