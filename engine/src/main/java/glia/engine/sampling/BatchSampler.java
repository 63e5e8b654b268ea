package glia.engine.sampling;

import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/// Samples the next tokens of many sequences from the rows of one tensor of logits, on all threads of the kernels. Its
/// scratch memory of 12 bytes for each thread and token of the vocabulary serves all sequences; the state of a sequence
/// is in its [TokenSampler]. For one thread at a time, and never during a pass.
///
/// ```java
/// sampler.clear();
/// for (var sequence : sequences) {
///     sampler.add(sequence.sampler(), sequence.row(), BatchSampler.NO_LOG_PROBABILITIES);
/// }
/// sampler.run(logits);
/// ```
public final class BatchSampler {
    /// No log-probability is computed.
    public static final int NO_LOG_PROBABILITIES = -1;

    private final Kernels kernels;
    private final int vocabSize;
    private final Candidates[] scratch;
    private final Workers.Task task = this::run;
    private TokenSampler[] samplers = new TokenSampler[8];
    private int[] rows = new int[8];
    private int[] numAlternatives = new int[8];
    private int[] tokens = new int[8];
    private float[] logProbabilities = new float[8];
    private Throwable[] failures = new Throwable[8];
    private final List<List<TokenLogProbability>> alternatives = new ArrayList<>();
    private Tensor logits;
    private int count;
    private int numChunks;

    /// @param kernels the model's kernels, on whose threads it samples
    /// @param vocabSize the number of tokens; further logits are padding
    public BatchSampler(Kernels kernels, int vocabSize) {
        this.kernels = kernels;
        this.vocabSize = vocabSize;
        this.scratch = new Candidates[kernels.workers().count()];
    }

    /// Removes all sequences from the batch.
    public void clear() {
        Arrays.fill(samplers, 0, count, null);
        Arrays.fill(failures, 0, count, null);
        alternatives.clear();
        count = 0;
    }

    /// Adds a sequence to the batch. Several may have the same row, but not the same sampler.
    ///
    /// @param row the sequence's row of the logits
    /// @param numAlternatives number of most probable tokens to list with the log-probability of the sampled one, 0 for
    ///     none; or [#NO_LOG_PROBABILITIES]
    /// @return the sequence's index in the batch
    public int add(TokenSampler sampler, int row, int numAlternatives) {
        if (count == rows.length) {
            int size = 2 * count;
            samplers = Arrays.copyOf(samplers, size);
            rows = Arrays.copyOf(rows, size);
            this.numAlternatives = Arrays.copyOf(this.numAlternatives, size);
            tokens = Arrays.copyOf(tokens, size);
            logProbabilities = Arrays.copyOf(logProbabilities, size);
            failures = Arrays.copyOf(failures, size);
        }
        samplers[count] = sampler;
        rows[count] = row;
        this.numAlternatives[count] = Math.min(numAlternatives, vocabSize);
        alternatives.add(List.of());
        return count++;
    }

    /// Samples a token for each sequence of the batch.
    ///
    /// @param logits F32 `[rows, V]`, V at least the size of the vocabulary; not changed
    public void run(Tensor logits) {
        this.logits = logits;
        numChunks = kernels.workers().chunksFor(count);
        if (count <= 1) {
            for (int i = 0; i < count; i++) {
                sample(i, 0);
            }
        } else {
            kernels.workers().run(task, numChunks);
        }
        this.logits = null;
    }

    private void run(int chunk, int worker) {
        int end = (int) ((long) (chunk + 1) * count / numChunks);
        for (int i = (int) ((long) chunk * count / numChunks); i < end; i++) {
            sample(i, worker);
        }
    }

    /// An error of one sequence does not affect the others.
    private void sample(int i, int worker) {
        try {
            Sampler.check(logits, vocabSize);
            if (scratch[worker] == null) {
                scratch[worker] = new Candidates(vocabSize);
            }
            Candidates c = scratch[worker];
            int token = choose(i, c);
            if (token < 0 || token >= vocabSize) {
                throw new IllegalArgumentException("the sampler chose token " + token + ", which is outside the "
                        + "vocabulary of " + vocabSize);
            }
            tokens[i] = token;
            logProbabilities[i] = Float.NaN;
            if (numAlternatives[i] >= 0) {
                float logSumExp = logits.cols() == vocabSize ? kernels.logSumExp(logits, rows[i])
                        : kernels.logSumExp(logits.view(rows[i] * logits.rowBytes(), DType.F32, 1, vocabSize), 0);
                logProbabilities[i] = logits.get((long) rows[i] * logits.cols() + token) - logSumExp;
                if (numAlternatives[i] > 0) {
                    c.load(logits, rows[i]);
                    alternatives.set(i, alternatives(c, numAlternatives[i], logSumExp));
                }
            }
        } catch (Throwable e) {
            failures[i] = e;
        }
    }

    private int choose(int i, Candidates c) {
        return samplers[i] instanceof Sampler sampler && sampler.vocabSize() == vocabSize
                ? sampler.sample(logits, rows[i], c) : samplers[i].sample(logits, rows[i]);
    }

    private static List<TokenLogProbability> alternatives(Candidates c, int count, float logSumExp) {
        c.gatherBest(count, null);
        List<TokenLogProbability> best = new ArrayList<>(c.size());
        for (int i = 0; i < c.size(); i++) {
            best.add(new TokenLogProbability(c.id(i), c.logit(c.id(i)) - logSumExp));
        }
        return best;
    }

    /// The sampled token of a sequence.
    ///
    /// @throws RuntimeException or Error the failure of its sampler
    public int token(int index) {
        switch (failures[index]) {
            case null -> {
                return tokens[index];
            }
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            // Samplers cannot throw checked exceptions, except by tricks.
            case Throwable e -> throw new IllegalStateException(e);
        }
    }

    /// The log-probability of a sequence's token under the model's own distribution, `logit - log Σ exp(logit)`: before
    /// bias, penalties, mask and temperature. NaN if not requested.
    public float logProbability(int index) {
        return logProbabilities[index];
    }

    /// The most probable tokens under the model's own distribution, best first.
    public List<TokenLogProbability> alternatives(int index) {
        return alternatives.get(index);
    }
}
