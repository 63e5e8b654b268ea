package glia.train.data;

import glia.engine.training.TokenBatch;
import glia.tensor.Hash;
import java.util.function.IntPredicate;

/// Masks tokens for masked language models ([BERT](https://arxiv.org/abs/1810.04805)): of the tokens of a text a share
/// is predicted; of these 80 % are replaced by the mask, 10 % by a random token and 10 % stay. At least one token of a
/// text is predicted, unless all are special. What is masked depends on seed, step and row alone.
///
/// @param mask the mask token
/// @param vocabSize random tokens are below this
/// @param isSpecial special tokens, which are neither predicted nor taken as random tokens
/// @param share the probability that a token is predicted, usually 0.15
public record TokenMasking(int mask, int vocabSize, IntPredicate isSpecial, double share, long seed)
        implements MaskedWindows.Masking {
    private static final double MASKED = 0.8;
    private static final double REPLACED = 0.9;
    private static final int MOST_DRAWS = 100;
    private static final double UNIT = 0x1p-53;

    public TokenMasking {
        if (!(share > 0 && share <= 1)) {
            throw new IllegalArgumentException("a share of " + share + " of masked tokens, expected above 0, up to 1");
        }
        if (mask < 0 || mask >= vocabSize) {
            throw new IllegalArgumentException("the mask " + mask + " is outside the vocabulary of " + vocabSize);
        }
    }

    /// Adds a text to a batch, with masks and the masked tokens as targets.
    ///
    /// @param ids the text's tokens, special tokens included
    /// @param row the number of the text in its step
    @Override
    public void add(TokenBatch batch, int[] ids, long step, long row) {
        int[] targets = new int[ids.length];
        float[] weights = new float[ids.length];
        batch.addTargets(masked(ids, targets, weights, step, row), targets, weights);
    }

    /// The tokens of a text with masks.
    public int[] masked(int[] ids, long step, long row) {
        return masked(ids, new int[ids.length], new float[ids.length], step, row);
    }

    private int[] masked(int[] ids, int[] targets, float[] weights, long step, long row) {
        int[] seen = ids.clone();
        int least = -1;
        double leastDraw = Double.POSITIVE_INFINITY;
        int count = 0;
        for (int i = 0; i < ids.length; i++) {
            targets[i] = TokenBatch.NO_TARGET;
            if (isSpecial.test(ids[i])) {
                continue;
            }
            double draw = uniform(step, row, i, 0);
            if (draw < leastDraw) {
                leastDraw = draw;
                least = i;
            }
            if (draw < share) {
                predict(seen, targets, weights, i, step, row);
                count++;
            }
        }
        if (count == 0 && least >= 0) {
            predict(seen, targets, weights, least, step, row);
        }
        return seen;
    }

    private void predict(int[] seen, int[] targets, float[] weights, int i, long step, long row) {
        targets[i] = seen[i];
        weights[i] = 1;
        double draw = uniform(step, row, i, 1);
        seen[i] = draw < MASKED ? mask : draw < REPLACED ? random(seen[i], step, row, i) : seen[i];
    }

    /// A random token that is not special; after many special ones the token itself.
    private int random(int token, long step, long row, int i) {
        for (int draw = 0; draw < MOST_DRAWS; draw++) {
            int other = (int) (uniform(step, row, i, 2 + draw) * vocabSize);
            if (!isSpecial.test(other)) {
                return other;
            }
        }
        return token;
    }

    private double uniform(long step, long row, int i, int draw) {
        return (Hash.of(seed, step, row, i, draw) >>> 11) * UNIT;
    }
}
