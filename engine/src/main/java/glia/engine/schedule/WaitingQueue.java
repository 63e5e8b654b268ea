package glia.engine.schedule;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Consumer;

/// The waiting sequences and their order: highest priority first; within a priority the fairness keys in turn: the key
/// with the fewest running sequences, among these the one served longest ago; within a key preempted sequences first,
/// then by arrival.
///
/// No sequence starves: each time another priority is served, a waiting one gains a sixteenth of a level until its
/// turn.
final class WaitingQueue {
    /// Turns of others that count as one level of priority.
    private static final int TURNS_A_LEVEL = 16;

    /// The sequences of one priority.
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
    /// By key: the number of running sequences, and the last turn of a key with any sequences.
    private final Map<String, Integer> numRunning = new HashMap<>();
    private final Map<String, Long> lastTurn = new HashMap<>();
    private long turns;
    private int size;

    boolean isEmpty() {
        return size == 0;
    }

    /// Adds a sequence at the end of its key.
    void add(ScheduledSequence s) {
        level(s).byKey.computeIfAbsent(s.request.fairnessKey(), _ -> new ArrayDeque<>()).add(s);
        size++;
    }

    /// Adds a preempted sequence before all others of its priority but older preempted ones.
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

    /// The next sequence, or null if none waits. Sets its `gainedPriority`.
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
        ScheduledSequence s = next(best);
        s.gainedPriority = best.gained();
        return s;
    }

    private ScheduledSequence next(Level level) {
        ScheduledSequence best = null;
        for (ScheduledSequence s : level.preempted) {
            best = best == null || isBefore(s.request.fairnessKey(), best.request.fairnessKey()) ? s : best;
        }
        for (Map.Entry<String, ArrayDeque<ScheduledSequence>> of : level.byKey.entrySet()) {
            best = best == null || isBefore(of.getKey(), best.request.fairnessKey()) ? of.getValue().peek() : best;
        }
        return best;
    }

    private boolean isBefore(String key, String other) {
        int more = numRunning(key) - numRunning(other);
        return more < 0 || more == 0 && lastTurn.getOrDefault(key, -1L) < lastTurn.getOrDefault(other, -1L);
    }

    /// Moves a sequence from waiting to running.
    void admit(ScheduledSequence s) {
        for (Level level : levels.values()) {
            level.turnsOfOthers = level.isEmpty() || level.priority == s.request.priority() ? 0
                    : level.turnsOfOthers + 1;
        }
        remove(s);
        lastTurn.put(s.request.fairnessKey(), turns++);
        begin(s);
    }

    /// Counts a running sequence that did not wait.
    void begin(ScheduledSequence s) {
        numRunning.merge(s.request.fairnessKey(), 1, Integer::sum);
    }

    /// Uncounts a running sequence.
    void leave(ScheduledSequence s) {
        numRunning.merge(s.request.fairnessKey(), -1, (a, b) -> a + b == 0 ? null : a + b);
        removeUnused(s.request.fairnessKey());
    }

    /// The number of running sequences with this key.
    int numRunning(String key) {
        return numRunning.getOrDefault(key, 0);
    }

    /// Removes a sequence.
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
        removeUnused(key);
    }

    /// Removes a key without sequences.
    private void removeUnused(String key) {
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

    /// Visits each waiting sequence; the action may remove it.
    void forEach(Consumer<ScheduledSequence> action) {
        List<ScheduledSequence> all = new ArrayList<>();
        for (Level level : levels.values()) {
            all.addAll(level.preempted);
            level.byKey.values().forEach(all::addAll);
        }
        all.forEach(action);
    }
}
