package glia.plan.choose;

import java.util.OptionalDouble;

/// The requests that are answered. Lengths of prompts have a log-normal distribution, given by its mean and its 95th
/// percentile p: `ln(p / mean) = z·σ - σ²/2` with `z = 1.645`. Without p they are not spread, and times of prompts are
/// taken as exponential.
///
/// @param prompt tokens of a prompt, on average
/// @param longPrompt tokens that 95 % of the prompts do not exceed; 0 if it is not known
/// @param output tokens of an answer, on average, without thinking; 0 for models that answer with a vector or a label
/// @param longOutput tokens that 95 % of the answers do not exceed; 0 if it is not known
/// @param thinking tokens that a model thinks before it answers; empty for what was published of the benchmark
/// @param rate requests per second
public record Traffic(double prompt, double longPrompt, double output, double longOutput,
        OptionalDouble thinking, double rate) {
    private static final double Z = 1.645;
    /// `exp(z²/2)`: no log-normal distribution has a 95th percentile farther from its mean.
    private static final double MOST = Math.exp(Z * Z / 2);

    /// @throws IllegalArgumentException if a number makes no sense
    public Traffic {
        Needs.require(prompt >= 0 && output >= 0, "a prompt and an answer have at least 0 tokens");
        Needs.require(prompt + output > 0, "a request has at least 1 token");
        Needs.require(rate > 0, "the rate of requests must be above 0");
        Needs.require(thinking.orElse(0) >= 0, "a model thinks for at least 0 tokens");
        requireSpread("prompts", prompt, longPrompt);
        requireSpread("answers", output, longOutput);
    }

    private static void requireSpread(String what, double mean, double tail) {
        Needs.require(tail == 0 || tail >= mean && tail <= MOST * mean, "95 % of the " + what + " have at most "
                + (long) tail + " tokens: expected between 1 and " + Math.floor(10 * MOST) / 10 + " times their mean "
                + "of " + (long) mean);
    }

    /// Requests of which the mean lengths are known.
    public static Traffic of(double prompt, double output, double rate) {
        return new Traffic(prompt, 0, output, 0, OptionalDouble.empty(), rate);
    }

    /// Other requests per second of the same kind.
    Traffic at(double other) {
        return new Traffic(prompt, longPrompt, output, longOutput, thinking, other);
    }

    /// Tokens of the longest prompt that must be answered in time.
    public double longest() {
        return Math.max(prompt, longPrompt);
    }

    /// Tokens by which the longest answer that must fit is longer than one of mean length.
    public double longer() {
        return Math.max(0, longOutput - output);
    }

    /// `(1 + c²)/2` with the coefficient of variation c of the times of prompts: how much longer a request waits than
    /// if all prompts were exponentially distributed (Pollaczek and Khinchine's formula, M/G/1).
    public double spread() {
        if (longPrompt == 0) {
            return 1;
        }
        double sigma = Z - Math.sqrt(Math.max(0, Z * Z - 2 * Math.log(longPrompt / prompt)));
        return Math.exp(sigma * sigma) / 2;
    }
}
