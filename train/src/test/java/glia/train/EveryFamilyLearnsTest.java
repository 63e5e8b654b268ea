package glia.train;

import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.spec.Bias;
import glia.model.spec.Embedding;
import glia.model.spec.Head;
import glia.model.spec.Mixer.GatedMlp;
import glia.model.spec.Mixer;
import glia.model.spec.ModelSpec;
import glia.model.spec.Norm;
import glia.model.spec.RecurrentNetwork;
import glia.model.spec.Residual;
import glia.model.spec.Sublayer;
import glia.tensor.Precision;
import glia.tensor.kernel.Activation;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.scan.RecurrentScan.RecurrentCell;
import glia.train.optim.AdamW;
import glia.train.optim.GradientNorm;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroup;
import glia.train.optim.ParameterGroups;
import glia.train.schedule.Schedule.ConstantSchedule;
import glia.train.schedule.Schedule;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

/// A fresh model of every family learns a small batch by heart, all with the same optimizer.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class EveryFamilyLearnsTest {
    private static final int STEPS = 300;
    private static final double LOSS = 0.05;
    private static final double RATE = 1e-2;
    /// Deep post-norm models do not learn at the other rate, whatever their family.
    private static final double POST_NORM_RATE = 3e-3;
    private static final int DEEP = 12;
    private static final Schedule SCHEDULE = new ConstantSchedule(10);
    private static final int SEQUENCES = 2;
    private static final int TOKENS = 8;
    /// Ids from here on have no special meaning in any of the configs.
    private static final int FIRST_ID = 5;
    private static final int MASK_ID = 4;

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterAll
    void close() {
        workers.close();
    }

    static List<Path> folders() throws IOException {
        return GoldenFolders.all();
    }

    @ParameterizedTest
    @MethodSource("folders")
    void aFreshModelOfEachConfigLearns(Path folder) throws CheckpointException {
        Config config = Config.read(folder.resolve("config.json"));
        try (Model model = FreshModel.create(config, 3)) {
            assertLearns(model, folder.getFileName().toString(), Precision.EXACT);
        }
    }

    @ParameterizedTest
    @MethodSource("folders")
    @Tag("slow")
    void aFreshModelOfEachConfigLearnsInMixedPrecision(Path folder) throws CheckpointException {
        try (Model model = FreshModel.create(Config.read(folder.resolve("config.json")), 3)) {
            assertLearns(model, folder.getFileName().toString(), Precision.HALF);
        }
    }

    @ParameterizedTest
    @EnumSource(RecurrentCell.class)
    void recurrentNetworksLearn(RecurrentCell cell) {
        Norm norm = new Norm.Rms(1e-6f, 0);
        Mixer network = new RecurrentNetwork(cell, 24, Bias.ALL, RecurrentNetwork.Output.PROJECTED);
        Mixer mlp = new GatedMlp(32, Activation.SILU, Bias.NONE);
        ModelSpec spec = new ModelSpec(cell.name(), 40, 24, 64, Embedding.PLAIN,
                List.of(new Sublayer(0, norm, network), new Sublayer(0, norm, mlp)), norm, Head.SEPARATE);
        try (Model model = FreshModel.create(spec, 3)) {
            assertLearns(model, cell.name(), Precision.EXACT);
        }
    }

    private void assertLearns(Model model, String name, Precision precision) {
        TokenBatch batch = batch(model.spec());
        long normed = model.spec().sublayers().stream().map(Sublayer::residual)
                .filter(r -> r instanceof Residual.PostNorm || r instanceof Residual.Normed).count();
        double rate = normed > DEEP ? POST_NORM_RATE : RATE;
        double target = LOSS + leastLoss(model.spec());
        double loss = Double.POSITIVE_INFINITY;
        int step = 0;
        try (TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults().with(precision));
                Optimizer optimizer = new Optimizer(kernels, List.of(new ParameterGroup(
                        ParameterGroups.weights(model, w -> true), new AdamW(0.9, 0.99), 0, 1)))) {
            for (; step < STEPS && loss >= target; step++) {
                pass.zeroGradients();
                loss = pass.loss(batch);
                double norm = optimizer.gradientNorm(pass.weightGradients());
                optimizer.step(pass.weightGradients(), rate * SCHEDULE.factor(step),
                        GradientNorm.clipFactor(norm, 1));
            }
        }
        assertTrue(loss < target, name + ": " + loss + " after " + step + " steps");
    }

    /// The loss that is left where capped logits cannot tell tokens apart any better, `ln(1 + (V-1)·exp(-2·cap))`.
    private static double leastLoss(ModelSpec spec) {
        return spec.head().logits() instanceof Head.Logits.Capped capped
                ? Math.log1p((spec.vocabSize() - 1) * Math.exp(-2 * capped.cap())) : 0;
    }

    /// Random sequences: a decoder continues them, an encoder fills in three masked tokens of each, an encoder-decoder
    /// writes one for each source.
    private static TokenBatch batch(ModelSpec spec) {
        Random random = new Random(5);
        int end = spec.vocabSize();
        Set<Integer> unseen = spec.head().logits() instanceof Head.Logits.Masked tokens ? Set.copyOf(tokens.tokens())
                : Set.of();
        TokenBatch batch = new TokenBatch();
        for (int s = 0; s < SEQUENCES; s++) {
            // Without absolute positions a repeated first token gets the hidden state of the first.
            int[] ids = random.ints(FIRST_ID, end).distinct().filter(id -> !unseen.contains(id)).limit(TOKENS)
                    .toArray();
            if (spec.encoder().isPresent()) {
                int[] shifted = new int[TOKENS];
                shifted[0] = MASK_ID;
                System.arraycopy(ids, 0, shifted, 1, TOKENS - 1);
                float[] ones = new float[TOKENS];
                Arrays.fill(ones, 1);
                batch.addTargets(shifted, ids, ones).from(random.ints(TOKENS, FIRST_ID, end).toArray());
            } else if (spec.looksAhead()) {
                int[] masked = ids.clone();
                float[] weights = new float[TOKENS];
                for (int place : Set.of(1, 4, 6)) {
                    masked[place] = MASK_ID;
                    weights[place] = 1;
                }
                batch.addTargets(masked, ids, weights);
            } else {
                ids[0] = MASK_ID - s;
                batch.add(ids);
            }
        }
        return batch;
    }
}
