package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.List;

/// Word problems step by step. A careless solver leaves a step out.
final class WordProblemSolver extends StepSolver {
    @Override
    Result steps(Problem problem, boolean isCareless, boolean isExact, Scratchpad pad) {
        List<String> story = Fields.texts(problem.fields(), "steps");
        long value = Long.parseLong(story.getFirst());
        int skipped = isCareless ? 1 + pad.random().below(story.size() - 1) : 0;
        List<String> steps = new ArrayList<>();
        for (int i = 1; i < story.size(); i++) {
            if (i == skipped) {
                continue;
            }
            String step = story.get(i);
            char sign = step.charAt(0);
            String rest = step.substring(1);
            int times = rest.indexOf('*');
            long number = Long.parseLong(rest.substring(0, times < 0 ? rest.replace("x", "").length() : times));
            if (times >= 0) {
                number = calculate(number, '*', Long.parseLong(rest.substring(times + 1)), steps, isExact, pad);
            } else if (rest.endsWith("x")) {
                number = calculate(value, '*', number, steps, isExact, pad);
            }
            value = calculate(value, sign, number, steps, isExact, pad);
        }
        return new Result(steps, value);
    }

    private static long calculate(long a, char sign, long b, List<String> steps, boolean isExact, Scratchpad pad) {
        long value = sign == '/' ? a / b : isExact ? Scratchpad.exact(a, sign, b) : pad.calculate(a, sign, b);
        steps.add(a + "" + sign + b + "=" + value);
        return value;
    }
}
