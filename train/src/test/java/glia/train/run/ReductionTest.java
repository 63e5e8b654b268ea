package glia.train.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.Loss;
import glia.engine.training.Reduction;
import glia.engine.training.Shards;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.DType;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.data.RandomWindows;
import glia.train.data.Tokens;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import glia.train.run.TrainingListener.StepFigures;
import glia.train.schedule.Schedule.ConstantSchedule;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Predicate;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/// Where a reduction stands in a step.
class ReductionTest {
    private static final String CONFIG = """
            {"model_type": "gpt2", "n_embd": 32, "n_head": 2, "n_layer": 2, "vocab_size": 12, "n_positions": 16,
            "tie_word_embeddings": true}""";

    /// Two ranks of the same data: every sum is twice one rank's.
    private static final class Twice implements Reduction {
        private final Kernels kernels;
        private final List<Double> norms = new ArrayList<>();
        private final Map<Gradients.Bucket, Tensor> sums = new HashMap<>();
        private int next;

        Twice(Kernels kernels) {
            this.kernels = kernels;
        }

        @Override
        public int rank() {
            return 0;
        }

        @Override
        public int size() {
            return 1;
        }

        @Override
        public double[] all(double... ofRank) {
            return DoubleStream.of(ofRank).flatMap(x -> DoubleStream.of(x, x)).toArray();
        }

        @Override
        public void begin() {
            next = 0;
        }

        @Override
        public void completed(Gradients.Bucket bucket) {
            assertEquals(next++, bucket.index());
            Tensor values = bucket.values().orElseThrow();
            Tensor sum = sums.computeIfAbsent(bucket, b -> Tensor.allocate(Arena.ofAuto(), DType.F32, values.shape()));
            kernels.add(sum, sum, values, 2);
        }

        @Override
        public Shards shard(Gradients of, Predicate<Weight> isWhole, boolean frees) {
            throw new UnsupportedOperationException();
        }

        @Override
        public Map<String, Double> figures() {
            return Map.of();
        }

        @Override
        public void finish(Gradients gradients) {
            sums.forEach((bucket, sum) -> {
                bucket.values().orElseThrow().copyFrom(sum);
                sum.zero();
            });
            norms.add(GradientNorm.of(kernels, gradients.buckets().stream().flatMap(b -> b.weights().stream())
                    .map(gradients::of).toList()));
            assertEquals(gradients.buckets().size(), next);
        }
    }

    private record Run(List<StepFigures> figures, List<float[]> weights) { }

    private static Run run(Kernels kernels, int accumulate, Optional<Reduction> reduction) throws Exception {
        int[] ids = IntStream.range(0, 200).map(i -> i * i % 12).toArray();
        var data = new RandomWindows(Tokens.of(ids), 4, 16, 1);
        try (Model model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 7);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(), 0.1))) {
            pass.planBuckets(4096);
            reduction.ifPresent(pass::reduceBy);
            List<StepFigures> figures = new ArrayList<>();
            var options = new TrainerOptions(4, 1e-2, new ConstantSchedule(1), 0.01, 0, 0, 0, 0);
            new Trainer(pass, optimizer, new BatchObjective(LossBatch.Source.of(data, Loss.CROSS_ENTROPY), accumulate),
                    options).listen(new TrainingListener() {
                        @Override
                        public void step(StepFigures step) {
                            figures.add(step);
                        }
                    }).run();
            return new Run(figures, model.weights().all().values().stream()
                    .map(w -> w.toF32(Arena.ofAuto()).toArray()).toList());
        }
    }

    /// Losses are divided by the weight of all ranks, gradients are added up before they are measured and clipped, and
    /// the figures are those of all ranks: so two equal ranks train with the bits of one.
    @Test
    void twoEqualRanksTrainAsOne() throws Exception {
        try (Workers workers = new Workers(1)) {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            for (int accumulate : new int[] {1, 2}) {
                Twice twice = new Twice(kernels);
                Run alone = run(kernels, accumulate, Optional.empty());
                Run both = run(kernels, accumulate, Optional.of(twice));
                for (int i = 0; i < alone.weights.size(); i++) {
                    assertArrayEquals(alone.weights.get(i), both.weights.get(i));
                }
                for (int i = 0; i < alone.figures.size(); i++) {
                    StepFigures one = alone.figures.get(i);
                    StepFigures two = both.figures.get(i);
                    assertEquals(one.loss(), two.loss(), 1e-7);
                    assertEquals(one.gradientNorm(), two.gradientNorm());
                    assertEquals(one.gradientNorm(), twice.norms.get(i), 1e-6);
                    assertTrue(one.gradientNorm() > 0.02, "is clipped");
                    assertEquals(2 * one.tokens(), two.tokens());
                }
            }
        }
    }
}
