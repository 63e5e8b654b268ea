package glia.train.memory;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.model.Model;
import glia.model.layout.Pooling;
import glia.model.spec.Head;
import glia.tensor.DType;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.optim.UpdateRule;
import java.util.Arrays;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;

/// The native memory of a training step, in bytes, once memory has settled after the first steps.
///
/// @param weights as stored
/// @param gradients of the trainable weights
/// @param optimizer moments and other states of the rule
/// @param activations what the forward pass keeps for the backward pass, their gradients and scratch memory
public record TrainingMemory(long weights, long gradients, long optimizer, long activations) {
    /// Tokens from which on the memory of a loss grows no more, as it is computed in parts of so many rows.
    private static final int SETTLED_TOKENS = 1024;

    /// All of it.
    public long total() {
        return weights + gradients + optimizer + activations;
    }

    /// The memory of a model in training on sequences of one length with the loss of its head: of language modeling, of
    /// scores of classes, or of pooled hidden states where there is no head. The step is
    /// recorded without computing it, in memory that is only counted; a batch of many sequences is extrapolated from
    /// two smaller ones, which is exact since all memory is then linear in the number of sequences. So a model made by
    /// `FreshModel.withoutValues` may be of any size.
    ///
    /// @param sequences in a batch, which is computed at once
    /// @param rule of all trainable weights
    public static TrainingMemory of(Model model, TrainingOptions options, UpdateRule rule, int sequences, int length) {
        if (sequences < 1 || length < 2) {
            throw new IllegalArgumentException(sequences + " sequences of " + length
                    + " tokens, expected at least 1 of at least 2");
        }
        long weights = 0;
        long optimizer = 0;
        var trainable = options.trainable().of(model);
        Set<Weight> seen = Collections.newSetFromMap(new IdentityHashMap<>());
        for (Weight w : model.weights().all().values()) {
            if (seen.add(w)) {
                weights += w.sizeBytes();
                if (trainable.test(w)) {
                    optimizer += rule.state(w.shape()).values().stream().mapToLong(TrainingMemory::bytes).sum();
                }
            }
        }
        int settled = Math.ceilDiv(SETTLED_TOKENS, length);
        if (sequences <= 2 * settled) {
            long[] all = count(model, options, sequences, length);
            return new TrainingMemory(weights, all[1], optimizer, all[0]);
        }
        long[] once = count(model, options, settled, length);
        long[] twice = count(model, options, 2 * settled, length);
        long slope = (twice[0] - once[0]) / settled;
        return new TrainingMemory(weights, twice[1], optimizer, once[0] + slope * (sequences - settled));
    }

    private static Loss loss(Head head) {
        return head.classes().isPresent() ? p -> p.scores().mean()
                : head.matrix() == Head.Matrix.ABSENT ? p -> p.pooled(Pooling.MEAN).mean() : Loss.CROSS_ENTROPY;
    }

    private static long bytes(long[] shape) {
        return DType.F32.bytes(Arrays.stream(shape).reduce(1, Math::multiplyExact));
    }

    /// Activations and gradients.
    private static long[] count(Model model, TrainingOptions options, int sequences, int length) {
        try (Workers workers = new Workers(1); TrainingPass pass = TrainingPass.counting(model, workers, options)) {
            TokenBatch batch = new TokenBatch();
            // The tokens of an encoder-decoder are divided among both.
            int[] source = new int[model.spec().encoder().isPresent() ? length / 2 : 0];
            int[] ids = new int[length - source.length];
            int[] targets = new int[ids.length];
            float[] ones = new float[ids.length];
            Arrays.fill(ones, 1);
            for (int i = 0; i < sequences; i++) {
                batch.addTargets(ids, targets, ones);
                if (source.length > 0) {
                    batch.from(source);
                }
            }
            // Memory settles in the second pass.
            Loss loss = loss(model.spec().head());
            pass.loss(batch, loss);
            pass.zeroGradients();
            pass.loss(batch, loss);
            return new long[] {pass.sizeBytes(), pass.weightGradients().sizeBytes()};
        }
    }
}
