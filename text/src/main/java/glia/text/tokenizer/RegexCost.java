package glia.text.tokenizer;

import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Objects;
import java.util.Set;

/// The matching time of a regular expression on a backtracking engine.
///
/// [RegexStates] bounds one attempt to match: at most `width` retries for each character that it reads. A search for
/// all matches makes one attempt after the other, each from the end of the match before it, or one character further
/// where there is none. Attempts read beyond the end of their match, so several may read the same character. This class
/// explores all ways in which they can overlap: if no character is read by more than `MAX_ATTEMPTS`, a search of a text
/// of `n` characters takes at most `MAX_ATTEMPTS * width * n` retries; else the bound is `width * n * n / 2`.
///
/// Source: N. Weideman et al., "Analyzing Matching Time Behavior of Backtracking Regular Expression Matchers by Using
/// Ambiguity of NFA", 2016, for the idea to find the growth of the matching time in a finite graph.
///
/// @param width the most retries of one attempt for each character
/// @param isLinear whether the time of a search grows with the length of the text, not with its square
record RegexCost(int width, boolean isLinear) {
    private static final int MAX_ATTEMPTS = 8;
    private static final int MAX_OVERLAPS = 20_000;
    /// The state of an attempt that cannot match any more.
    private static final int DEAD = -1;

    /// @throws IllegalArgumentException if the number of retries may grow exponentially; the message says why
    static RegexCost of(String regex) {
        RegexStates states = new RegexStates(RegexProgram.of(RegexParser.parse(regex)));
        return new RegexCost(states.width(), new Search(states).isLinear());
    }

    /// Attempts that read the same character.
    ///
    /// @param earlier the states, in order, of attempts whose match has ended
    /// @param latest the state of the last attempt
    /// @param age how many characters it has read, 2 for more
    /// @param before the class of the last character, if the expression looks behind
    private record Overlap(int[] earlier, int latest, int age, int before) {
        @Override
        public boolean equals(Object other) {
            return other instanceof Overlap overlap && latest == overlap.latest && age == overlap.age
                    && before == overlap.before && Arrays.equals(earlier, overlap.earlier);
        }

        @Override
        public int hashCode() {
            return Objects.hash(Arrays.hashCode(earlier), latest, age, before);
        }

        @Override
        public String toString() {
            return Arrays.toString(earlier) + " " + latest + " " + age + " " + before;
        }
    }

    private static final class Search {
        private final RegexStates states;
        /// By state, whether some text ends the attempt without another match.
        private final boolean[] canFail;
        private final Set<Overlap> seen = new HashSet<>();
        private final ArrayDeque<Overlap> open = new ArrayDeque<>();

        Search(RegexStates states) {
            this.states = states;
            this.canFail = new boolean[states.size()];
            boolean changed = true;
            while (changed) {
                changed = false;
                for (int state = 0; state < canFail.length; state++) {
                    boolean fails = canFail[state];
                    for (int c = 0; c <= states.numClasses() && !fails; c++) {
                        int to = states.next(state, c);
                        fails = !states.accepts(state, c) && (to == DEAD || canFail[to]);
                    }
                    changed |= fails != canFail[state];
                    canFail[state] = fails;
                }
            }
        }

        boolean isLinear() {
            for (int before = 0; before <= (states.looksBehind() ? states.numClasses() : 0); before++) {
                add(new Overlap(new int[0], states.start(before), 0, before));
            }
            while (!open.isEmpty()) {
                Overlap overlap = open.remove();
                if (overlap.earlier.length >= MAX_ATTEMPTS || seen.size() > MAX_OVERLAPS) {
                    return false;
                }
                for (int next = 0; next < states.numClasses(); next++) {
                    read(overlap, next);
                }
            }
            return true;
        }

        private void add(Overlap overlap) {
            if (seen.add(overlap)) {
                open.add(overlap);
            }
        }

        /// Adds what an overlap becomes when a character is read: the latest attempt goes on, or its match ends here
        /// and a new one starts.
        private void read(Overlap overlap, int next) {
            int[] earlier = new int[overlap.earlier.length + 1];
            int count = 0;
            for (int state : overlap.earlier) {
                if (states.accepts(state, next)) {
                    // Its match was said to have ended earlier.
                    return;
                }
                int to = states.next(state, next);
                if (to != DEAD) {
                    if (!canFail[to]) {
                        return;
                    }
                    earlier[count++] = to;
                }
            }
            int to = overlap.latest == DEAD ? DEAD : states.next(overlap.latest, next);
            int before = states.looksBehind() ? next : 0;
            if (to != DEAD || overlap.age == 0) {
                add(new Overlap(sorted(earlier, count), to, Math.min(overlap.age + 1, 2), before));
            }
            boolean accepts = overlap.latest != DEAD && states.accepts(overlap.latest, next);
            if ((overlap.age == 1 || overlap.age == 2 && accepts) && (to == DEAD || canFail[to])) {
                if (to != DEAD) {
                    earlier[count++] = to;
                }
                add(new Overlap(sorted(earlier, count), states.next(states.start(overlap.before), next), 1, before));
            }
        }

        private static int[] sorted(int[] states, int count) {
            int[] sorted = Arrays.copyOf(states, count);
            Arrays.sort(sorted);
            return sorted;
        }
    }
}
