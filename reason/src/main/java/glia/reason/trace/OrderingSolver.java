package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.List;

/// The order of runners by attempts: `Ann Ben Eva no`. The pruned search places one runner after another and goes back
/// where a clue does not hold.
final class OrderingSolver implements TraceSet.Solver {
    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        List<String> order = Fields.texts(problem.fields(), "order");
        List<String> names = order.stream().sorted().toList();
        Search search = new Search(order, names, Fields.texts(problem.fields(), "clues").stream()
                .map(clue -> clue.split(" ")).toList(), strategy, pad);
        switch (strategy) {
            case GUESS -> search.last = pad.random().shuffled(names);
            case RANDOM -> {
                while (search.attempt(pad.random().shuffled(names))) { }
            }
            case ORDERED, PRUNED -> search.extend(List.of());
        }
        List<String> answer = new ArrayList<>(search.last);
        names.stream().filter(name -> !answer.contains(name)).forEach(answer::add);
        return String.join(", ", answer);
    }

    private static final class Search {
        private final List<String> order;
        private final List<String> names;
        private final List<String[]> clues;
        private final Strategy strategy;
        private final Scratchpad pad;
        List<String> last = List.of();

        Search(List<String> order, List<String> names, List<String[]> clues, Strategy strategy, Scratchpad pad) {
            this.order = order;
            this.names = names;
            this.clues = clues;
            this.strategy = strategy;
            this.pad = pad;
        }

        boolean attempt(List<String> placed) {
            if (!pad.attempt()) {
                return false;
            }
            last = placed;
            boolean holds = clues.stream().allMatch(clue -> mayHold(clue, placed));
            boolean isComplete = holds && placed.size() == names.size();
            pad.line(String.join(" ", placed) + (isComplete ? " yes" : holds ? "" : " no"));
            if (isComplete && pad.verifies()) {
                pad.verification(String.join(" ", placed) + " yes");
            }
            return !isComplete;
        }

        /// Whether a clue can hold where the first runners are placed.
        private boolean mayHold(String[] clue, List<String> placed) {
            boolean hasWord = clue[0].equals("not");
            int a = placed.indexOf(order.get(Integer.parseInt(clue[hasWord ? 2 : 1])));
            if (hasWord) {
                return a != (clue[1].equals("first") ? 0 : names.size() - 1);
            }
            int number = Integer.parseInt(clue[2]);
            if (clue[0].equals("place")) {
                return a < 0 ? number >= placed.size() : a == number;
            }
            int b = placed.indexOf(order.get(number));
            return switch (clue[0]) {
                case "next" -> b < 0 ? a < 0 || a == placed.size() - 1 : a >= 0 && a + 1 == b;
                case "apart" -> a < 0 || b < 0 || Math.abs(a - b) == 2;
                default -> b < 0 || a >= 0 && a < b;
            };
        }

        /// Places one runner more; the ordered search checks complete orders only.
        ///
        /// @return whether to go on
        boolean extend(List<String> begun) {
            for (String name : names) {
                if (begun.contains(name)) {
                    continue;
                }
                List<String> next = new ArrayList<>(begun);
                next.add(name);
                boolean isComplete = next.size() == names.size();
                if ((isComplete || strategy == Strategy.PRUNED) && !attempt(next)) {
                    return false;
                }
                boolean goesOn = strategy == Strategy.ORDERED
                        || clues.stream().allMatch(clue -> mayHold(clue, next));
                if (!isComplete && goesOn && !extend(next)) {
                    return false;
                }
            }
            return true;
        }
    }
}
