package glia.engine.sampling;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Map;
import java.util.SplittableRandom;

/// Chooses the tokens of one text from logits, by a chain of steps that the options describe. It remembers what the
/// next token depends on, and no more: the state of its random numbers, and the recent tokens for penalties. So the
/// same seed gives the same text, on any thread and whatever other texts there are. Allocates nothing for a token.
///
/// [BatchSampler] lends it scratch memory. Alone it makes its own.
public final class Sampler implements TokenSampler {
    private static final int[] NO_IDS = {};

    private final SamplingOptions options;
    private final int vocabSize;
    private final TokenMask mask;
    private final Penalties penalties;
    private final int[] biasedIds;
    private final float[] biases;
    private final long seed;
    private final SplittableRandom random;
    /// Made when it is used without a batch.
    private Candidates own;

    /// @param vocabSize the number of tokens; logits beyond are padding and never chosen
    /// @throws IllegalArgumentException if the logit bias names a token outside the vocabulary
    public Sampler(SamplingOptions options, int vocabSize) {
        this(options, vocabSize, null);
    }

    /// A sampler that chooses among the tokens of a mask.
    ///
    /// @param vocabSize the number of tokens; logits beyond are padding and never chosen
    /// @param mask which tokens are allowed; null for all
    /// @throws IllegalArgumentException if the logit bias names a token outside the vocabulary
    public Sampler(SamplingOptions options, int vocabSize, TokenMask mask) {
        if (vocabSize < 1) {
            throw new IllegalArgumentException("a vocabulary of " + vocabSize + " tokens");
        }
        this.options = options;
        this.vocabSize = vocabSize;
        this.mask = mask;
        this.penalties = Penalties.wanted(options) ? new Penalties(options) : null;
        this.biasedIds = options.logitBias().isEmpty() ? NO_IDS : new int[options.logitBias().size()];
        this.biases = new float[biasedIds.length];
        int n = 0;
        for (Map.Entry<Integer, Float> entry : options.logitBias().entrySet()) {
            biasedIds[n] = checked(entry.getKey());
            biases[n++] = entry.getValue();
        }
        this.seed = options.seed().orElseGet(() -> new SplittableRandom().nextLong());
        this.random = new SplittableRandom(seed);
    }

    /// Chooses the next token.
    ///
    /// @param logits F32 `[rows, V]`, V at least the size of the vocabulary; left as they are
    /// @throws IllegalStateException if no token can be chosen: no logit is above negative infinity, or the mask allows
    ///     none; and if a logit is not a number
    @Override
    public int sample(Tensor logits, int row) {
        if (own == null) {
            own = new Candidates(vocabSize);
        }
        return sample(logits, row, own);
    }

    /// The same with scratch memory for this vocabulary.
    int sample(Tensor logits, int row, Candidates candidates) {
        check(logits, vocabSize);
        candidates.load(logits, row);
        return choose(candidates);
    }

    static void check(Tensor logits, int vocabSize) {
        if (logits.dtype() != DType.F32 || logits.cols() < vocabSize) {
            throw new IllegalArgumentException("found logits " + logits + ", expected F32 of at least " + vocabSize
                    + " columns");
        }
    }

    private int choose(Candidates c) {
        for (int i = 0; i < biasedIds.length; i++) {
            c.logit(biasedIds[i], c.logit(biasedIds[i]) + biases[i]);
        }
        if (penalties != null) {
            penalties.apply(c);
        }
        long[] allowed = mask == null ? null : mask.allowed();
        int token = options.temperature() == 0 ? c.gatherOne(allowed) : draw(c, allowed);
        if (mask != null) {
            mask.accept(token);
        }
        return token;
    }

    private int draw(Candidates c, long[] allowed) {
        if (options.topK() > 0) {
            c.gatherBest(options.topK(), allowed);
        } else {
            c.gather(allowed);
        }
        if (options.topP() < 1) {
            topP(c);
        }
        if (options.minP() > 0) {
            c.keepFrom(c.max() + (float) Math.log(options.minP()));
        }
        return c.draw(options.temperature(), random);
    }

    /// Tokens of less than `(1 - p) / n` cannot all together hold the share that p leaves out, so the best that reach p
    /// are among the others: only these few are put in order.
    private void topP(Candidates c) {
        double mass = c.mass();
        c.keepFrom(c.max() + (float) Math.log((1 - options.topP()) * mass / c.size() * 0.999));
        c.keepMass(options.topP() * mass);
    }

    /// Takes note of a token of the text, be it of the prompt or chosen.
    @Override
    public void accept(int token) {
        checked(token);
        if (penalties != null) {
            penalties.accept(token);
        }
    }

    private int checked(int token) {
        if (token < 0 || token >= vocabSize) {
            throw new IllegalArgumentException("token " + token + " is outside the vocabulary of " + vocabSize);
        }
        return token;
    }

    int vocabSize() {
        return vocabSize;
    }

    /// Where chance began: with it in the options, the same tokens come again.
    public long seed() {
        return seed;
    }
}
