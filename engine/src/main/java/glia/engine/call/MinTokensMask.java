package glia.engine.call;

import glia.engine.sampling.TokenMask;
import java.util.Arrays;
import java.util.Set;

/// A mask without stop tokens until an answer has its fewest tokens. Where another mask allows stop tokens alone, such
/// as at the end of a grammar's text, they stay allowed.
final class MinTokensMask implements TokenMask {
    private final TokenMask inner;
    private final int vocabSize;
    private final Set<Integer> stops;
    private int left;

    /// @param inner the other mask; null for none
    MinTokensMask(TokenMask inner, int vocabSize, Set<Integer> stops, int minTokens) {
        this.inner = inner;
        this.vocabSize = vocabSize;
        this.stops = stops;
        this.left = minTokens;
    }

    @Override
    public long[] allowed() {
        long[] others = inner == null ? null : inner.allowed();
        if (left <= 0) {
            return others;
        }
        long[] words = new long[(vocabSize + Long.SIZE - 1) / Long.SIZE];
        if (others == null) {
            Arrays.fill(words, -1L);
            if (vocabSize % Long.SIZE != 0) {
                words[words.length - 1] = (1L << vocabSize) - 1;
            }
        } else {
            System.arraycopy(others, 0, words, 0, Math.min(others.length, words.length));
        }
        for (int stop : stops) {
            if (stop / Long.SIZE < words.length) {
                words[stop / Long.SIZE] &= ~(1L << stop);
            }
        }
        return Arrays.stream(words).allMatch(word -> word == 0) ? others : words;
    }

    @Override
    public boolean isReady() {
        return inner == null || inner.isReady();
    }

    @Override
    public void stop() {
        if (inner != null) {
            inner.stop();
        }
    }

    @Override
    public int forced() {
        return inner == null ? -1 : inner.forced();
    }

    @Override
    public int replace(int token) {
        return inner == null ? token : inner.replace(token);
    }

    @Override
    public void accept(int token) {
        left--;
        if (inner != null) {
            inner.accept(token);
        }
    }
}
