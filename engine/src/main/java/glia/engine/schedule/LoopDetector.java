package glia.engine.schedule;

/// Finds that generated tokens have become a loop: the same up to 128 tokens again and again. A model that is in a loop
/// hardly leaves it, and would fill the context.
///
/// A loop of `p` tokens is one after 8 repetitions, but not before 256 tokens.
final class LoopDetector {
    private static final int MOST_PERIOD = 128;
    private static final int LEAST_TOKENS = 256;
    private static final int LEAST_REPETITIONS = 8;

    /// The last tokens, as a ring.
    private final int[] last = new int[MOST_PERIOD];
    /// For each period, how many tokens in a row were that of a period before.
    private final int[] repeated = new int[MOST_PERIOD + 1];
    private int count;

    /// @return whether the tokens up to this one end with a loop
    boolean accept(int token) {
        boolean isLoop = false;
        for (int period = 1; period <= Math.min(MOST_PERIOD, count); period++) {
            boolean isSame = last[(count - period) % MOST_PERIOD] == token;
            repeated[period] = isSame ? repeated[period] + 1 : 0;
            isLoop |= repeated[period] >= Math.max(LEAST_TOKENS, LEAST_REPETITIONS * period);
        }
        last[count % MOST_PERIOD] = token;
        count++;
        return isLoop;
    }
}
