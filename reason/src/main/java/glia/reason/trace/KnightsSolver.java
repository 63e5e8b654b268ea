package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.List;

/// Knights and knaves by assignments in the order of the persons: `knight knave: Ben no` contradicts what Ben says.
///
/// The pruned search assigns one person after another and goes back at a contradiction.
final class KnightsSolver implements TraceSet.Solver {
    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<String> persons = Fields.texts(problem.fields(), "persons");
        List<String[]> statements = Fields.texts(problem.fields(), "statements").stream().map(s -> s.split(" "))
                .toList();
        Search search = new Search(persons, statements, pad);
        int count = persons.size();
        switch (strategy) {
            case GUESS -> search.last = search.assignment(pad.random().below(1 << count));
            case RANDOM -> {
                while (search.attempt(search.assignment(pad.random().below(1 << count)))) { }
            }
            case ORDERED -> {
                for (int knights = (1 << count) - 1; knights >= 0
                        && search.attempt(search.assignment(knights)); knights--) { }
            }
            case PRUNED -> search.extend(List.of());
        }
        List<String> answer = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            boolean isKnight = i >= search.last.size() || search.last.get(i);
            answer.add(persons.get(i) + " is a " + (isKnight ? "knight" : "knave"));
        }
        return String.join(", ", answer);
    }

    private static final class Search {
        private final List<String> persons;
        private final List<String[]> statements;
        private final Scratchpad pad;
        List<Boolean> last = List.of();

        Search(List<String> persons, List<String[]> statements, Scratchpad pad) {
            this.persons = persons;
            this.statements = statements;
            this.pad = pad;
        }

        List<Boolean> assignment(int knights) {
            List<Boolean> all = new ArrayList<>();
            for (int i = persons.size() - 1; i >= 0; i--) {
                all.add((knights >> i & 1) == 1);
            }
            return all;
        }

        /// Writes an attempt.
        ///
        /// @return whether to go on
        boolean attempt(List<Boolean> knights) {
            if (!pad.attempt()) {
                return false;
            }
            last = knights;
            int wrong = contradiction(knights);
            StringBuilder line = new StringBuilder();
            knights.forEach(isKnight -> line.append(line.isEmpty() ? "" : " ").append(isKnight ? "knight" : "knave"));
            boolean isComplete = wrong < 0 && knights.size() == persons.size();
            pad.line(line + (wrong >= 0 ? ": " + persons.get(wrong) + " no" : isComplete ? ": yes" : ""));
            if (isComplete && pad.verifies()) {
                pad.verification(String.join(" yes, ", persons) + " yes");
            }
            return !isComplete;
        }

        /// The first person whose statement contradicts an assignment of the first persons; -1 if there is none.
        private int contradiction(List<Boolean> knights) {
            for (int i = 0; i < knights.size(); i++) {
                Boolean holds = holds(statements.get(i), knights);
                if (holds != null && !holds.equals(knights.get(i))) {
                    return i;
                }
            }
            return -1;
        }

        /// Whether a statement holds; null if that depends on persons who have no kind yet.
        private Boolean holds(String[] words, List<Boolean> knights) {
            if (words[0].equals("exactly")) {
                return knights.size() < persons.size() ? null
                        : knights.stream().filter(k -> k).count() == Long.parseLong(words[1]);
            }
            int a = Integer.parseInt(words[words[0].equals("or") ? 2 : 1]);
            int b = words.length == 2 ? a : Integer.parseInt(words[words.length - 1]);
            if (Math.max(a, b) >= knights.size()) {
                return null;
            }
            return switch (words[0]) {
                case "same" -> knights.get(a).equals(knights.get(b));
                case "different" -> !knights.get(a).equals(knights.get(b));
                case "or" -> knights.get(a) == words[1].equals("knight") || knights.get(b) == words[1].equals("knight");
                default -> knights.get(a) == words[0].equals("knight");
            };
        }

        /// Assigns a kind to one person more.
        ///
        /// @return whether to go on
        boolean extend(List<Boolean> begun) {
            for (boolean isKnight : new boolean[] {true, false}) {
                List<Boolean> next = new ArrayList<>(begun);
                next.add(isKnight);
                if (!attempt(next) || contradiction(next) < 0 && !extend(next)) {
                    return false;
                }
            }
            return true;
        }
    }
}
