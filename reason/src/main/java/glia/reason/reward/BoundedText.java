package glia.reason.reward;

/// A text for regular expressions that limits the number of characters that are read, so that a pattern with
/// exponential backtracking ends in an exception after a fixed amount of work. An interrupt ends it, too.
final class BoundedText implements CharSequence {
    private static final long LEAST_READS = 20_000_000;
    private static final long READS_PER_CHARACTER = 200;
    private static final int READS_PER_CHECK = 1 << 12;

    private final String text;
    private long left;

    BoundedText(String text) {
        this.text = text;
        left = LEAST_READS + READS_PER_CHARACTER * text.length();
    }

    /// @throws IllegalStateException if all reads are used up or the thread was interrupted
    @Override
    public char charAt(int index) {
        if (--left < 0) {
            throw new IllegalStateException("the regular expression backtracks too often on a text of " + text.length()
                    + " characters");
        }
        if (left % READS_PER_CHECK == 0 && Thread.currentThread().isInterrupted()) {
            throw new IllegalStateException("the regular expression was interrupted");
        }
        return text.charAt(index);
    }

    @Override
    public int length() {
        return text.length();
    }

    @Override
    public CharSequence subSequence(int start, int end) {
        return text.substring(start, end);
    }

    @Override
    public String toString() {
        return text;
    }
}
