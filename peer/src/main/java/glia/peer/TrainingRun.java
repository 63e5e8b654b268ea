package glia.peer;

import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.util.Arrays;
import java.util.SplittableRandom;

/// A training run on random tokens: forward and backward pass, clipping to a norm of 1, AdamW.
final class TrainingRun implements AutoCloseable {
    private static final double RATE = 1e-3;
    /// Tokens of a micro-batch at most: their activations fit the processor's caches.
    private static final int MICRO_BATCH = 1024;

    private final GptConfig config;
    private final Model model;
    private final TrainingPass pass;
    private final Optimizer optimizer;
    private final SplittableRandom random = new SplittableRandom(1337);
    private double loss;

    TrainingRun(GptConfig config, Kernels kernels, Precision precision) throws CheckpointException {
        this.config = config;
        model = FreshModel.create(config.spec(), 1337);
        pass = TrainingPass.of(model, kernels, TrainingOptions.defaults().with(precision));
        optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(0.9, 0.99), 0.1));
    }

    long parameters() {
        return model.sources().keySet().stream().map(p -> model.weights().get(p)).distinct()
                .mapToLong(w -> (long) w.rows() * w.cols()).sum();
    }

    double loss() {
        return loss;
    }

    /// Bytes for activations and their gradients.
    long activationBytes() {
        return pass.sizeBytes();
    }

    /// Computes a step.
    void step() {
        float[] weights = new float[config.context];
        Arrays.fill(weights, 1);
        int some = Math.max(1, MICRO_BATCH / config.context);
        loss = 0;
        for (int from = 0; from < config.batch; from += some) {
            TokenBatch batch = new TokenBatch();
            int count = Math.min(some, config.batch - from);
            for (int i = 0; i < count; i++) {
                int[] ids = random.ints(config.context + 1, 0, config.vocabSize).toArray();
                batch.addTargets(Arrays.copyOf(ids, config.context), Arrays.copyOfRange(ids, 1, ids.length), weights);
            }
            loss += pass.loss(batch, Loss.CROSS_ENTROPY.scaled((double) count / config.batch));
        }
        double norm = optimizer.gradientNorm(pass.weightGradients());
        optimizer.step(pass.weightGradients(), RATE, GradientNorm.clipFactor(norm, 1));
        pass.zeroGradients();
    }

    /// Computes the configuration's number of steps.
    ///
    /// @return tokens per second of the median step
    double rate() {
        long[] nanos = new long[config.steps];
        for (int i = 0; i < nanos.length; i++) {
            long start = System.nanoTime();
            step();
            nanos[i] = System.nanoTime() - start;
        }
        Arrays.sort(nanos);
        return config.tokens() * 1e9 / nanos[nanos.length / 2];
    }

    @Override
    public void close() {
        optimizer.close();
        pass.close();
        model.close();
    }
}
