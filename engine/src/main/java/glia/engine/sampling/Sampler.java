package glia.engine.sampling;

import glia.tensor.DType;
import glia.tensor.Tensor;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/// Chooses tokens from logits, by a chain of steps that the options describe. It remembers the tokens of its sequence,
/// for the penalties, and the state of its chance. Allocates nothing for a token. For one sequence and one thread.
public final class Sampler {
    /// A step that works on the logits or drops tokens.
    @FunctionalInterface
    private interface Step {
        void apply(Candidates candidates);
    }

    private final SamplingOptions options;
    private final Candidates candidates;
    private final Penalties penalties;
    private final Step[] chain;
    private final long seed;
    private final SplittableRandom random;

    /// @param vocabSize the number of tokens; logits beyond are padding and never chosen
    /// @throws IllegalArgumentException if the logit bias names a token outside the vocabulary
    public Sampler(SamplingOptions options, int vocabSize) {
        if (vocabSize < 1) {
            throw new IllegalArgumentException("a vocabulary of " + vocabSize + " tokens");
        }
        this.options = options;
        this.candidates = new Candidates(vocabSize);
        this.penalties = Penalties.wanted(options) ? new Penalties(options, vocabSize) : null;
        this.chain = chain();
        this.seed = options.seed().orElseGet(() -> new SplittableRandom().nextLong());
        this.random = new SplittableRandom(seed);
    }

    private Step[] chain() {
        List<Step> steps = new ArrayList<>();
        if (!options.logitBias().isEmpty()) {
            steps.add(bias());
        }
        if (penalties != null) {
            steps.add(penalties::apply);
        }
        steps.add(Candidates::gather);
        if (options.temperature() > 0) {
            if (options.topK() > 0) {
                steps.add(c -> c.keepBest(options.topK()));
            }
            if (options.topP() < 1) {
                steps.add(this::topP);
            }
            if (options.minP() > 0) {
                float least = (float) Math.log(options.minP());
                steps.add(c -> c.keepFrom(c.max() + least));
            }
        }
        return steps.toArray(Step[]::new);
    }

    private Step bias() {
        int[] ids = new int[options.logitBias().size()];
        float[] values = new float[ids.length];
        int n = 0;
        for (Map.Entry<Integer, Float> entry : options.logitBias().entrySet()) {
            ids[n] = checked(entry.getKey());
            values[n++] = entry.getValue();
        }
        return c -> {
            for (int i = 0; i < ids.length; i++) {
                c.logit(ids[i], c.logit(ids[i]) + values[i]);
            }
        };
    }

    /// Tokens of less than `(1 - p) / n` cannot all together hold the share that p leaves out, so the best that reach p
    /// are among the others: only these few are put in order.
    private void topP(Candidates c) {
        float max = c.max();
        double mass = c.mass(max);
        c.keepFrom(max + (float) Math.log((1 - options.topP()) * mass / c.size() * 0.999));
        c.keepMass(options.topP() * mass, max);
    }

    /// Chooses the next token.
    ///
    /// @param logits F32 `[rows, V]`, V at least the size of the vocabulary; left as they are
    /// @throws IllegalStateException if no logit is a number above negative infinity
    public int sample(Tensor logits, int row) {
        if (logits.dtype() != DType.F32 || logits.cols() < candidates.vocabSize()) {
            throw new IllegalArgumentException("found logits " + logits + ", expected F32 of at least "
                    + candidates.vocabSize() + " columns");
        }
        candidates.load(logits, row);
        for (Step step : chain) {
            step.apply(candidates);
        }
        return options.temperature() == 0 ? candidates.best() : candidates.draw(options.temperature(), random);
    }

    /// Takes note of a token of the sequence, be it of the prompt or chosen.
    public void accept(int token) {
        checked(token);
        if (penalties != null) {
            penalties.accept(token);
        }
    }

    private int checked(int token) {
        if (token < 0 || token >= candidates.vocabSize()) {
            throw new IllegalArgumentException("token " + token + " is outside the vocabulary of "
                    + candidates.vocabSize());
        }
        return token;
    }

    /// Where chance began: with it in the options, the same tokens come again.
    public long seed() {
        return seed;
    }
}
