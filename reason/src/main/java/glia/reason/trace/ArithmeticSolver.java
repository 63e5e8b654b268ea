package glia.reason.trace;

import glia.reason.task.Fields;
import glia.reason.task.Problem;
import java.util.ArrayList;
import java.util.List;

/// Arithmetic by its operations, those in brackets first, then products. A careless solver goes from left to right.
final class ArithmeticSolver extends StepSolver {
    @Override
    Result steps(Problem problem, boolean isCareless, boolean isExact, Scratchpad pad) {
        List<String> tokens = new ArrayList<>(List.of(Fields.text(problem.fields(), "expression").replace("(", "( ")
                .replace(")", " )").split(" ")));
        List<String> steps = new ArrayList<>();
        while (tokens.size() > 1) {
            int close = tokens.indexOf(")");
            int open = close < 0 ? -1 : tokens.subList(0, close).lastIndexOf("(");
            int end = close < 0 ? tokens.size() : close;
            if (end - open == 2) {
                tokens.remove(close);
                tokens.remove(open);
                continue;
            }
            int at = operation(tokens, open + 1, end, isCareless);
            long a = Long.parseLong(tokens.get(at - 1));
            long b = Long.parseLong(tokens.get(at + 1));
            char sign = tokens.get(at).charAt(0);
            long value = isExact ? Scratchpad.exact(a, sign, b) : pad.calculate(a, sign, b);
            steps.add(a + "" + sign + (b < 0 ? "(" + b + ")" : b) + "=" + value);
            tokens.set(at - 1, Long.toString(value));
            tokens.remove(at);
            tokens.remove(at);
        }
        return new Result(steps, Long.parseLong(tokens.getFirst()));
    }

    /// The place of the next operation between two places.
    private static int operation(List<String> tokens, int start, int end, boolean isCareless) {
        for (int i = start + 1; i < end && !isCareless; i += 2) {
            if (tokens.get(i).equals("*")) {
                return i;
            }
        }
        return start + 1;
    }
}
