package glia.reason.trace;

import glia.reason.task.RandomStream;
import java.util.List;

/// The thoughts of a solver while it works.
final class Scratchpad {
    private final RandomStream random;
    private final TraceOptions options;
    private final boolean verifies;
    private final StringBuilder text = new StringBuilder();
    private int attempts;
    private boolean isVerified;

    Scratchpad(RandomStream random, TraceOptions options) {
        this.random = random;
        this.options = options;
        this.verifies = random.chance(options.verify());
    }

    RandomStream random() {
        return random;
    }

    /// Whether this trace verifies its answers.
    boolean verifies() {
        return verifies;
    }

    void line(String line) {
        text.append(line).append('\n');
    }

    /// Adds a line that verifies an answer.
    void verification(String line) {
        isVerified = true;
        line("check " + line);
    }

    /// Counts an attempt.
    ///
    /// @return false if there were as many as allowed
    boolean attempt() {
        if (attempts == options.attempts()) {
            return false;
        }
        attempts++;
        return true;
    }

    /// Counts a step of a derivation, of which there may be any number.
    void step() {
        attempts++;
    }

    /// The result of an operation, which is wrong with the probability of a slip.
    long calculate(long a, char sign, long b) {
        long exact = exact(a, sign, b);
        return random.chance(options.slips()) ? exact + (random.chance(0.5) ? 1 : -1) * random.pick(
                List.of(1, 1, 2, 10)) : exact;
    }

    static long exact(long a, char sign, long b) {
        return sign == '+' ? a + b : sign == '-' ? a - b : a * b;
    }

    String text() {
        return text.toString();
    }

    int attempts() {
        return attempts;
    }

    boolean isVerified() {
        return isVerified;
    }
}
