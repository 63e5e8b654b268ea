package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.List;
import java.util.stream.Collectors;

/// String puzzles letter by letter: the letters of the string, then of each result. A random solver stops too early.
final class StringSolver implements Solver {
    @Override
    public String solve(Problem problem, Strategy strategy, Scratchpad pad) {
        String word = Fields.text(problem.fields(), "word");
        List<String> results = Fields.texts(problem.fields(), "results");
        if (strategy == Strategy.GUESS) {
            return String.join("", pad.random().shuffled(List.of(word.split(""))));
        }
        pad.line(spelled(word));
        int count = strategy == Strategy.RANDOM ? pad.random().below(results.size() + 1) : results.size();
        String result = word;
        for (String next : results.subList(0, count)) {
            pad.step();
            int slip = Math.toIntExact(pad.calculate(0, '+', 0));
            result = slip == 0 || next.length() < 2 ? next : next.substring(1);
            pad.line(spelled(result));
        }
        return result;
    }

    private static String spelled(String word) {
        return word.chars().mapToObj(Character::toString).collect(Collectors.joining(" "));
    }
}
