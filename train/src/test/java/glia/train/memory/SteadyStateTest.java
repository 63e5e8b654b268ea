package glia.train.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.tensor.Precision;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// After the first steps native memory stays the same.
class SteadyStateTest {
    private static final String CONFIG = """
            {"model_type": "gpt2", "n_embd": 32, "n_head": 2, "n_layer": 2, "vocab_size": 50, "n_positions": 64,
            "tie_word_embeddings": true}""";

    /// A run of steps on one batch.
    private static final class Run implements AutoCloseable {
        private final Workers workers = new Workers(1);
        private final Model model;
        private final TrainingPass pass;
        private final Optimizer optimizer;

        Run(Precision precision) throws Exception {
            Kernels kernels = KernelBackends.choose("best", workers).kernels();
            model = FreshModel.create(Config.parse(Path.of("config.json"), CONFIG), 1);
            pass = TrainingPass.of(model, kernels, TrainingOptions.defaults().with(precision));
            optimizer = new Optimizer(kernels, ParameterGroups.of(model, w -> true, new AdamW(), 0.1));
        }

        void step(TokenBatch batch) {
            pass.loss(batch);
            double norm = optimizer.gradientNorm(pass.weightGradients());
            optimizer.step(pass.weightGradients(), 1e-3, GradientNorm.clipFactor(norm, 1));
            pass.zeroGradients();
        }

        long bytes() {
            return pass.sizeBytes() + pass.weightGradients().sizeBytes() + optimizer.sizeBytes();
        }

        @Override
        public void close() {
            optimizer.close();
            pass.close();
            model.close();
            workers.close();
        }
    }

    private static TokenBatch batch(int sequences) {
        SplittableRandom random = new SplittableRandom(9);
        TokenBatch batch = new TokenBatch();
        for (int i = 0; i < sequences; i++) {
            batch.add(random.ints(64, 0, 50).toArray());
        }
        return batch;
    }

    private static void staysFlat(Precision precision, int steps) throws Exception {
        try (Run run = new Run(precision)) {
            TokenBatch small = batch(3);
            TokenBatch large = batch(8);
            for (int i = 0; i < 4; i++) {
                run.step(i % 2 == 0 ? large : small);
            }
            long before = run.bytes();
            for (int i = 0; i < steps; i++) {
                run.step(i % 2 == 0 ? small : large);
            }
            assertEquals(before, run.bytes());
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"EXACT", "HALF"})
    void nativeMemoryStaysFlat(Precision precision) throws Exception {
        staysFlat(precision, 100);
    }

    @Tag("slow")
    @ParameterizedTest
    @EnumSource(names = {"EXACT", "HALF"})
    void nativeMemoryStaysFlatOverAThousandSteps(Precision precision) throws Exception {
        staysFlat(precision, 1000);
    }
}
