package glia.engine.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The texts that wait for a place, and which of them is next. The highest priority goes first; of one priority those
/// that were preempted, then the keys in turn: the one with the fewest texts running, of several the one that was
/// served longest ago. Within a key the first that came.
///
/// None waits for ever: each time another priority goes first, one that waits gains a sixteenth of a level, until it
/// has had its turn.
final class WaitingQueue {
    /// Turns of others that count as one level of priority.
    private static final int TURNS_A_LEVEL = 16;

    /// The texts of one priority.
    private static final class Level {
        private final int priority;
        private final List<ScheduledSequence> preempted = new ArrayList<>();
        private final Map<String, ArrayDeque<ScheduledSequence>> byKey = new LinkedHashMap<>();
        private int turnsOfOthers;

        Level(int priority) {
            this.priority = priority;
        }

        boolean isEmpty() {
            return preempted.isEmpty() && byKey.isEmpty();
        }

        int gained() {
            return priority + turnsOfOthers / TURNS_A_LEVEL;
        }
    }

    private final TreeMap<Integer, Level> levels = new TreeMap<>();
    /// By key: texts that run, and the last turn of a key that waits or runs.
    private final Map<String, Integer> numRunning = new HashMap<>();
    private final Map<String, Long> lastTurn = new HashMap<>();
    private long turns;
    private int size;

    int size() {
        return size;
    }

    boolean isEmpty() {
        return size == 0;
    }

    /// Adds a text behind those of its key.
    void add(ScheduledSequence s) {
        level(s).byKey.computeIfAbsent(s.request.fairnessKey(), _ -> new ArrayDeque<>()).add(s);
        size++;
    }

    /// Adds a text before all others of its priority, but for older ones that were added so.
    void addFirst(ScheduledSequence s) {
        List<ScheduledSequence> first = level(s).preempted;
        int at = 0;
        while (at < first.size() && first.get(at).arrival < s.arrival) {
            at++;
        }
        first.add(at, s);
        size++;
    }

    private Level level(ScheduledSequence s) {
        return levels.computeIfAbsent(s.request.priority(), Level::new);
    }

    /// The text whose turn it is, or null if none waits. Its priority, with what it gained, is noted in it.
    ScheduledSequence next() {
        Level best = null;
        for (Level level : levels.values()) {
            if (!level.isEmpty() && (best == null || level.gained() >= best.gained())) {
                best = level;
            }
        }
        if (best == null) {
            return null;
        }
        ScheduledSequence s = best.preempted.isEmpty() ? best.byKey.get(nextKey(best)).peek()
                : best.preempted.getFirst();
        s.gainedPriority = best.gained();
        return s;
    }

    private String nextKey(Level level) {
        String best = null;
        for (String key : level.byKey.keySet()) {
            if (best == null || isBefore(key, best)) {
                best = key;
            }
        }
        return best;
    }

    private boolean isBefore(String key, String other) {
        int more = numRunning(key) - numRunning(other);
        return more < 0 || more == 0 && lastTurn.getOrDefault(key, -1L) < lastTurn.getOrDefault(other, -1L);
    }

    /// The text has got a place.
    void admit(ScheduledSequence s) {
        for (Level level : levels.values()) {
            level.turnsOfOthers = level.isEmpty() || level.priority == s.request.priority() ? 0
                    : level.turnsOfOthers + 1;
        }
        remove(s);
        lastTurn.put(s.request.fairnessKey(), turns++);
        begin(s);
    }

    /// A text runs that did not wait here.
    void begin(ScheduledSequence s) {
        numRunning.merge(s.request.fairnessKey(), 1, Integer::sum);
    }

    /// A text has lost its place.
    void leave(ScheduledSequence s) {
        numRunning.merge(s.request.fairnessKey(), -1, (a, b) -> a + b == 0 ? null : a + b);
        forget(s.request.fairnessKey());
    }

    /// Texts with this key that run.
    int numRunning(String key) {
        return numRunning.getOrDefault(key, 0);
    }

    /// Takes a text out.
    void remove(ScheduledSequence s) {
        Level level = level(s);
        String key = s.request.fairnessKey();
        boolean removed = level.preempted.remove(s);
        ArrayDeque<ScheduledSequence> ofKey = level.byKey.get(key);
        if (!removed && ofKey != null) {
            removed = ofKey.remove(s);
            if (ofKey.isEmpty()) {
                level.byKey.remove(key);
            }
        }
        size -= removed ? 1 : 0;
        forget(key);
    }

    /// Keys are many, over time: none is kept that has no text here.
    private void forget(String key) {
        if (!lastTurn.containsKey(key) || numRunning.containsKey(key)) {
            return;
        }
        for (Level level : levels.values()) {
            if (level.byKey.containsKey(key)) {
                return;
            }
        }
        lastTurn.remove(key);
    }

    /// Each text that waits; they may be removed meanwhile.
    void forEach(Consumer<ScheduledSequence> action) {
        List<ScheduledSequence> all = new ArrayList<>();
        for (Level level : levels.values()) {
            all.addAll(level.preempted);
            level.byKey.values().forEach(all::addAll);
        }
        all.forEach(action);
    }
}
