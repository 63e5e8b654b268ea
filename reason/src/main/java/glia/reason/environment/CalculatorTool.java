package glia.reason.environment;

import glia.reason.reward.math.Arithmetic;

/// Evaluates arithmetic in exact fractions: `7/3 + 2*(1 - 4)`.
public record CalculatorTool() implements Tool {
    private static final int MAX_CHARACTERS = 400;

    @Override
    public String name() {
        return "calculator";
    }

    @Override
    public String usage() {
        return "evaluates arithmetic exactly, such as 7/3 + 2*(1 - 4).";
    }

    @Override
    public String run(String input) {
        if (input.length() > MAX_CHARACTERS) {
            return "error: an expression of more than " + MAX_CHARACTERS + " characters";
        }
        try {
            return Arithmetic.evaluate(input.strip()).value().toString();
        } catch (IllegalArgumentException | ArithmeticException e) {
            return "error: " + e.getMessage();
        }
    }
}
