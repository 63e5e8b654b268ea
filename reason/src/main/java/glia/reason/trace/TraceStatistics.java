package glia.reason.trace;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/// Counts of traces: how many are right, verify their answer, and how long they are.
public final class TraceStatistics {
    private final Group all = new Group();
    private final Map<Strategy, Group> strategies = new EnumMap<>(Strategy.class);
    private final TreeSet<Integer> characters = new TreeSet<>();

    /// Empty.
    public TraceStatistics() { }

    /// Figures of a group of traces.
    public static final class Group {
        private long right;
        private long verified;
        private long attempts;
        private final List<Integer> lengths = new ArrayList<>();

        private Group() { }

        private void add(Trace trace, int length) {
            right += trace.isRight() ? 1 : 0;
            verified += trace.isVerified() ? 1 : 0;
            attempts += trace.attempts();
            lengths.add(length);
        }

        /// Number of traces.
        public long count() {
            return lengths.size();
        }

        /// Number of traces with a right answer.
        public long right() {
            return right;
        }

        /// Number of traces that verify an answer.
        public long verified() {
            return verified;
        }

        /// The mean number of attempts or steps.
        public double meanAttempts() {
            return (double) attempts / count();
        }

        /// The mean length of prompt and completion, in characters.
        public double meanLength() {
            return lengths.stream().mapToInt(Integer::intValue).average().orElse(Double.NaN);
        }

        /// The length in characters that a share of the traces does not exceed; 1 for the longest.
        public int length(double share) {
            List<Integer> sorted = new ArrayList<>(lengths);
            Collections.sort(sorted);
            return sorted.get((int) Math.clamp(Math.ceil(share * count()) - 1, 0, count() - 1));
        }
    }

    /// Adds a trace.
    public void add(Trace trace) {
        String text = trace.problem().prompt() + "\n" + trace.completion();
        int length = text.codePointCount(0, text.length());
        text.codePoints().forEach(characters::add);
        all.add(trace, length);
        strategies.computeIfAbsent(trace.strategy(), _ -> new Group()).add(trace, length);
    }

    /// All traces.
    public Group all() {
        return all;
    }

    /// The traces of each strategy that occurs.
    public Map<Strategy, Group> strategies() {
        return Collections.unmodifiableMap(strategies);
    }

    /// The different characters of prompts and completions, in their order.
    public String alphabet() {
        StringBuilder alphabet = new StringBuilder();
        characters.forEach(alphabet::appendCodePoint);
        return alphabet.toString();
    }
}
