package glia.reason.rollout;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.fresh.NewModels;
import glia.model.spec.Tower;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rollouts of prompts with pictures: the sampler and the update see the same features of the same tower.
class PictureRolloutTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden-pictures");
    private static final long STATE_BYTES = 1L << 26;
    private static final int TEXT = 30;

    private static Workers workers;
    private static Kernels kernels;

    @BeforeAll
    static void open() {
        workers = new Workers(2);
        kernels = KernelBackends.choose("best", workers).kernels();
    }

    @AfterAll
    static void close() {
        workers.close();
    }

    private static Model model(String family) throws Exception {
        return family.equals("new") ? FreshModel.create(NewModels.config("llava", Map.of("hidden", 32, "layers", 2,
                "vocab", 64, "image", 24, "patch", 8)), 5) : ModelLoader.load(GOLDEN.resolve(family), p -> true);
    }

    /// Prompts with a picture each, of which the first two have equal tokens.
    private static List<Input> prompts(Model model, int side) {
        Tower tower = model.spec().towers().getFirst();
        List<Input> prompts = new ArrayList<>();
        for (int p = 0; p < 3; p++) {
            SplittableRandom random = new SplittableRandom(p + 1);
            Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, side * side, tower.featureSize());
            for (long i = 0; i < values.size(); i++) {
                values.set(i, (float) random.nextGaussian());
            }
            Input.Rows rows = Input.Rows.of(tower, 0, values, 1, side, side);
            int[] ids = new int[3 + p / 2 + rows.count()];
            Arrays.fill(ids, TEXT + p / 2);
            Arrays.fill(ids, 1, 1 + rows.count(), tower.placeholder());
            prompts.add(Input.of(ids, tower.placeholder(), List.of(rows)));
        }
        return prompts;
    }

    private static List<Rollout> generate(Engine engine, List<Input> prompts) {
        RolloutOptions options = new RolloutOptions(0.8, 12, 128, engine.model().spec().vocabSize(), id -> id < 3);
        return new RolloutGenerator(engine, options).generate(prompts, 3, 7, TurnSource.NONE);
    }

    private static float[] sampled(List<Rollout> rollouts) {
        List<Float> all = new ArrayList<>();
        rollouts.forEach(r -> {
            for (float logProb : r.logProbs()) {
                all.add(logProb);
            }
        });
        float[] numbers = new float[all.size()];
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = all.get(i);
        }
        return numbers;
    }

    /// The log-probabilities of the rollouts' tokens as an update computes them.
    private static float[] ofUpdate(TrainingPass pass, List<Rollout> rollouts, List<Input> pictures) {
        TokenBatch batch = new TokenBatch();
        for (int r = 0; r < rollouts.size(); r++) {
            Input other = pictures.isEmpty() ? rollouts.get(r).prompt() : pictures.get(r / 3);
            batch.add(new Input(rollouts.get(r).sequence(), other.embedded()), rollouts.get(r).mask());
        }
        float[][] numbers = new float[1][];
        pass.evaluate(batch, p -> {
            var logProbs = p.tokens(0.8, false, 0).logProbs();
            numbers[0] = logProbs.tensor().toArray();
            return logProbs.mean();
        });
        return numbers[0];
    }

    @ParameterizedTest
    @CsvSource({"new, 3", "llava, 2", "qwen2_vl, 4", "qwen3_vl, 4", "gemma3, 4", "smolvlm, 4", "mistral3, 4"})
    void logProbabilitiesAreThoseOfTheUpdate(String family, int side) throws Exception {
        try (Model model = model(family);
                Engine engine = new Engine(model, kernels, Precision.EXACT, STATE_BYTES);
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            List<Input> prompts = prompts(model, side);
            List<Rollout> rollouts = generate(engine, prompts);
            assertArrayEquals(sampled(rollouts), ofUpdate(pass, rollouts, List.of()), 1e-4f, family);
            assertEquals(0, engine.stateBytes());
            // The test can fail: the tokens are the same, the picture is another one.
            float[] other = ofUpdate(pass, rollouts, List.of(prompts.get(1), prompts.get(0), prompts.get(2)));
            boolean differs = false;
            for (int i = 0; i < other.length; i++) {
                differs |= Math.abs(other[i] - sampled(rollouts)[i]) > 1e-3;
            }
            assertTrue(differs, family);
        }
    }

    /// Nothing that the engine keeps of a picture outlives an update of the tower, whether text is trained or not.
    @Test
    void rolloutsSeeEachUpdateOfTheTower() throws Exception {
        try (Model model = model("new"); Engine engine = new Engine(model, kernels.batchInvariant(), Precision.EXACT,
                STATE_BYTES); TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults());
                Optimizer optimizer = new Optimizer(kernels, ParameterGroups.of(model, isOfTower(model),
                        new AdamW(0.9, 0.95, 1e-8, false), 0))) {
            List<Input> prompts = prompts(model, 3);
            List<Rollout> before = generate(engine, prompts);
            assertArrayEquals(sampled(before), sampled(generate(engine, prompts)), 0);
            pass.zeroGradients();
            pass.loss(new TokenBatch().add(before.getFirst().input(), before.getFirst().mask()));
            optimizer.step(pass.weightGradients(), 0.01, 1);
            List<Rollout> after = generate(engine, prompts);
            assertFalse(Arrays.equals(sampled(before), sampled(after)));
            assertArrayEquals(sampled(after), ofUpdate(pass, after, List.of()), 1e-4f);
        }
    }

    private static Predicate<Weight> isOfTower(Model model) {
        List<Weight> all = model.sources().keySet().stream().filter(p -> model.spec().towerOf(p.place()) >= 0)
                .map(p -> model.weights().get(p)).toList();
        assertFalse(all.isEmpty());
        return w -> all.stream().anyMatch(own -> own == w);
    }
}
