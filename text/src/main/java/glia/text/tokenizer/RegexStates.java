package glia.text.tokenizer;

import glia.text.tokenizer.RegexProgram.Check;
import glia.text.tokenizer.RegexProgram.Consume;
import glia.text.tokenizer.RegexProgram.Jump;
import glia.text.tokenizer.RegexProgram.Match;
import glia.text.tokenizer.RegexProgram.Split;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// All that a backtracking engine can be doing in one attempt to match a regular expression.
///
/// A state is the ordered list of the paths that the engine would try after it has read some characters, each with the
/// number of ways to get there. A path from which the match cannot fail ends the list, since the engine tries none
/// after it. States and the classes of the next character form a finite graph as long as no number of ways exceeds
/// `MAX_WAYS`; where one does, the number of retries may grow exponentially, and the expression is refused.
///
/// Source: R. Cox, "Regular Expression Matching Can Be Simple And Fast", https://swtch.com/~rsc/regexp
final class RegexStates {
    private static final int MAX_WAYS = 16;
    private static final int MAX_STATES = 1000;
    private static final int NONE = -1;

    private final RegexProgram program;
    private final boolean looksBehind;
    private final Map<State, Integer> numbers = new HashMap<>();
    private final List<State> states = new ArrayList<>();
    private final List<int[]> next = new ArrayList<>();
    private final List<boolean[]> accepts = new ArrayList<>();
    /// By state and class, the retries of the paths that are tried before the first that goes on and cannot fail.
    private final List<int[]> retries = new ArrayList<>();
    /// The paths of the state under work, with their ways, and with the retries made before each.
    private final Map<Integer, Integer> open = new LinkedHashMap<>();
    private final Map<Integer, Integer> retriesBefore = new HashMap<>();
    private int numRetries;

    /// Paths by priority, pairs of an instruction and a number of ways, after a character of class `before`.
    private record State(int before, int[] paths) {
        @Override
        public boolean equals(Object other) {
            return other instanceof State state && before == state.before && Arrays.equals(paths, state.paths);
        }

        @Override
        public int hashCode() {
            return 31 * before + Arrays.hashCode(paths);
        }

        @Override
        public String toString() {
            return before + " " + Arrays.toString(paths);
        }
    }

    /// @throws IllegalArgumentException if retries may multiply, or there are too many states
    RegexStates(RegexProgram program) {
        this.program = program;
        this.looksBehind = program.looksBehind();
        for (int before = 0; before <= numClasses(); before++) {
            number(startState(before));
        }
        for (int i = 0; i < states.size(); i++) {
            next.add(new int[numClasses() + 1]);
            accepts.add(new boolean[numClasses() + 1]);
            retries.add(new int[numClasses() + 1]);
            for (int c = 0; c <= numClasses(); c++) {
                next.get(i)[c] = expand(i, c);
            }
        }
    }

    int size() {
        return states.size();
    }

    /// The number of classes of characters. As a class itself it stands for the end, or the start, of the text.
    int numClasses() {
        return program.numClasses();
    }

    /// The state of a new attempt after a character.
    int start(int before) {
        return numbers.get(startState(before));
    }

    /// The state after a character; -1 if the attempt has ended.
    int next(int state, int codePointClass) {
        return next.get(state)[codePointClass];
    }

    /// Whether the match may end in a state before a character.
    boolean accepts(int state, int codePointClass) {
        return accepts.get(state)[codePointClass];
    }

    /// Whether the expression depends on the character before a position.
    boolean looksBehind() {
        return looksBehind;
    }

    private State startState(int before) {
        return new State(looksBehind ? before : numClasses(), new int[] {0, 1});
    }

    private int number(State state) {
        Integer known = numbers.get(state);
        if (known != null) {
            return known;
        }
        if (states.size() >= MAX_STATES) {
            throw new IllegalArgumentException("choices that overlap in more than " + MAX_STATES + " ways");
        }
        numbers.put(state, states.size());
        states.add(state);
        return states.size() - 1;
    }

    private int expand(int number, int next) {
        State state = states.get(number);
        open.clear();
        retriesBefore.clear();
        numRetries = 0;
        boolean accepted = false;
        for (int i = 0; i < state.paths.length && !accepted; i += 2) {
            numRetries += i > 0 ? state.paths[i + 1] : state.paths[i + 1] - 1;
            accepted = close(state.paths[i], state.paths[i + 1], state.before, next);
        }
        accepts.get(number)[next] = accepted;
        if (next == numClasses()) {
            return NONE;
        }
        Map<Integer, Integer> reached = new LinkedHashMap<>();
        retries.get(number)[next] = numRetries;
        for (Map.Entry<Integer, Integer> path : open.entrySet()) {
            if (program.holds(((Consume) program.at(path.getKey())).set(), next)) {
                int to = path.getKey() + 1;
                reached.merge(to, path.getValue(), RegexStates::sum);
                if (mustMatch(to)) {
                    retries.get(number)[next] = retriesBefore.get(path.getKey());
                    break;
                }
            }
        }
        if (reached.isEmpty()) {
            return NONE;
        }
        int[] paths = new int[2 * reached.size()];
        int n = 0;
        for (Map.Entry<Integer, Integer> path : reached.entrySet()) {
            paths[n++] = path.getKey();
            paths[n++] = path.getValue();
        }
        return number(new State(looksBehind ? next : numClasses(), paths));
    }

    private static int sum(int a, int b) {
        if (a + b > MAX_WAYS) {
            throw new IllegalArgumentException("repetitions or choices that match the same text in many ways");
        }
        return a + b;
    }

    /// Adds the instructions that consume, reached without consuming, by priority.
    ///
    /// @return whether the match ends here
    private boolean close(int pc, int ways, int before, int next) {
        return switch (program.at(pc)) {
            case Match match -> true;
            case Jump jump -> close(jump.to(), ways, before, next);
            case Split split -> {
                if (close(split.first(), ways, before, next)) {
                    yield true;
                }
                numRetries += ways;
                yield close(split.second(), ways, before, next);
            }
            case Check check -> {
                int found = check.ahead() ? next : before;
                boolean holds = found == numClasses() ? check.atEdge() : program.holds(check.set(), found);
                yield holds && close(pc + 1, ways, before, next);
            }
            case Consume consume -> {
                retriesBefore.putIfAbsent(pc, numRetries);
                open.merge(pc, ways, RegexStates::sum);
                yield false;
            }
        };
    }

    /// Whether the match can end at an instruction whatever follows.
    private boolean mustMatch(int pc) {
        return switch (program.at(pc)) {
            case Match match -> true;
            case Jump jump -> mustMatch(jump.to());
            case Split split -> mustMatch(split.first()) || mustMatch(split.second());
            case Check check -> false;
            case Consume consume -> false;
        };
    }

    /// The most retries for a character of a text that can go on without end.
    int width() {
        int width = 1;
        for (int state = 0; state < states.size(); state++) {
            for (int c = 0; c < numClasses(); c++) {
                if (retries.get(state)[c] > width && next(state, c) != NONE && leads(next(state, c), state)) {
                    width = retries.get(state)[c];
                }
            }
        }
        return width;
    }

    private boolean leads(int from, int to) {
        boolean[] seen = new boolean[states.size()];
        List<Integer> queue = new ArrayList<>(List.of(from));
        seen[from] = true;
        for (int i = 0; i < queue.size() && !seen[to]; i++) {
            for (int other : next.get(queue.get(i))) {
                if (other != NONE && !seen[other]) {
                    seen[other] = true;
                    queue.add(other);
                }
            }
        }
        return seen[to];
    }
}
