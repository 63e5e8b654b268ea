package glia.engine.sampling;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.Map;
import java.util.SplittableRandom;

/// Samples the tokens of one sequence from logits, by the chain of [SamplingOptions]. Its state is its random generator
/// and the recent tokens for penalties, so a seed gives the same text on any thread and in any batch. Allocates nothing
/// for a token.
///
/// [BatchSampler] provides scratch memory; without it the sampler allocates its own.
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
    /// Scratch memory for use without a batch.
    private Candidates own;

    /// @param vocabSize the number of tokens; further logits are padding
    /// @throws IllegalArgumentException if the logit bias names a token outside the vocabulary
    public Sampler(SamplingOptions options, int vocabSize) {
        this(options, vocabSize, null);
    }

    /// Creates a sampler restricted to the tokens of a mask.
    ///
    /// @param vocabSize the number of tokens; further logits are padding
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

    /// Samples the next token.
    ///
    /// @param logits F32 `[rows, V]`, V at least the size of the vocabulary; not changed
    /// @throws IllegalStateException if no logit is above negative infinity, the mask allows no token, or a logit is
    ///     NaN
    @Override
    public int sample(Tensor logits, int row) {
        if (own == null) {
            own = new Candidates(vocabSize);
        }
        return sample(logits, row, own);
    }

    /// Samples with scratch memory for this vocabulary.
    int sample(Tensor logits, int row, Candidates candidates) {
        check(logits, vocabSize);
        int token = mask == null ? -1 : mask.forced();
        if (token < 0) {
            candidates.load(logits, row);
            token = choose(candidates);
        }
        if (mask != null) {
            mask.accept(token);
        }
        return token;
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
        return mask == null ? token : mask.replace(token);
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

    /// Tokens of probability below `(1 - p) / n` have less than `1 - p` together, so the nucleus is among the others:
    /// only these are sorted.
    private void topP(Candidates c) {
        double mass = c.mass();
        c.keepFrom(c.max() + (float) Math.log((1 - options.topP()) * mass / c.size() * 0.999));
        c.keepMass(options.topP() * mass);
    }

    /// Receives a token of the prompt or a sampled one.
    @Override
    public boolean isReady() {
        return mask == null || mask.isReady();
    }

    @Override
    public void stop() {
        if (mask != null) {
            mask.stop();
        }
    }

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

    /// The seed: with it in the options, the same tokens are sampled again.
    public long seed() {
        return seed;
    }
}
