package glia.train.expert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.inspect.ExpertLoad;
import glia.engine.training.Loss;
import glia.engine.training.Predictions;
import glia.engine.training.RouterOutput;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.kernels.KernelBackends;
import glia.model.FreshModel;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.family.Families;
import glia.model.spec.Draft;
import glia.model.spec.ModelSpec;
import glia.model.spec.Parameter;
import glia.model.spec.Role;
import glia.model.spec.Sublayer;
import glia.tensor.Tensor;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import glia.train.loss.MultiTokenPrediction;
import glia.train.optim.AdamW;
import glia.train.optim.Optimizer;
import glia.train.optim.ParameterGroups;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ExpertTrainingTest {
    private static final String MIXTRAL = """
            {"model_type": "mixtral", "hidden_size": 16, "intermediate_size": 24, "num_attention_heads": 2,
            "num_key_value_heads": 1, "num_hidden_layers": 3, "vocab_size": 20, "num_local_experts": 4,
            "num_experts_per_tok": 2, "rms_norm_eps": 1e-5, "max_position_embeddings": 32, "rope_theta": 10000.0,
            "tie_word_embeddings": false}""";
    private static final String CORRECTED = """
            {"model_type": "deepseek_v3", "hidden_size": 16, "intermediate_size": 24, "moe_intermediate_size": 12,
            "num_attention_heads": 2, "num_key_value_heads": 2, "num_hidden_layers": 3, "vocab_size": 20,
            "n_routed_experts": 8, "n_shared_experts": 1, "num_experts_per_tok": 2, "n_group": 1, "topk_group": 1,
            "first_k_dense_replace": 1, "norm_topk_prob": true, "routed_scaling_factor": 1.0, "kv_lora_rank": 8,
            "q_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8, "rms_norm_eps": 1e-6,
            "max_position_embeddings": 32, "rope_theta": 10000.0, "tie_word_embeddings": false}""";
    private static final int[] FIRST = {3, 9, 4, 4, 19, 2, 5, 7};
    private static final int[] SECOND = {3, 11, 0};

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();

    @AfterEach
    void close() {
        workers.close();
    }

    private static Model model(String config) throws CheckpointException {
        return FreshModel.create(Config.parse(Path.of("config.json"), config), 4);
    }

    private static TokenBatch batch() {
        return new TokenBatch().add(FIRST).add(SECOND);
    }

    private static Weight.Stored weight(Model model, Role role, int number) {
        List<Parameter> all = model.sources().keySet().stream().filter(p -> p.role() == role).toList();
        return (Weight.Stored) model.weights().get(all.get(number));
    }

    @Test
    void routersOfAllLayersAreThereWithAndWithoutCheckpoints() throws Exception {
        try (Model model = model(MIXTRAL)) {
            List<List<float[]>> logits = new ArrayList<>();
            List<float[]> gradients = new ArrayList<>();
            for (int sublayers : new int[] {0, 1, 2, 4, 100}) {
                try (TrainingPass pass = TrainingPass.of(model, kernels,
                        TrainingOptions.defaults().withCheckpoints(sublayers))) {
                    List<float[]> found = new ArrayList<>();
                    Loss base = p -> {
                        found.clear();
                        p.routers().forEach(r -> found.add(r.logits().tensor().toArray()));
                        return Loss.CROSS_ENTROPY.of(p);
                    };
                    ExpertTraining experts = new ExpertTraining(model, new ExpertOptions(0.5, 0.2, 0.1, 0));
                    double loss = pass.loss(batch(), experts.with(base));
                    logits.add(List.copyOf(found));
                    for (int layer = 0; layer < 3; layer++) {
                        gradients.add(pass.weightGradients().of(weight(model, Role.ROUTER, layer)).toArray());
                    }
                    assertEquals(loss, pass.evaluate(batch(), experts.with(base)), 0);
                    for (int layer = 0; layer < 3; layer++) {
                        assertArrayEquals(logits.getLast().get(layer), found.get(layer));
                    }
                }
            }
            assertEquals(3, logits.getFirst().size());
            for (int i = 1; i < logits.size(); i++) {
                for (int layer = 0; layer < 3; layer++) {
                    assertArrayEquals(logits.getFirst().get(layer), logits.get(i).get(layer));
                    assertArrayEquals(gradients.get(layer), gradients.get(3 * i + layer));
                }
            }
        }
    }

    @Test
    void routersOfFrozenLayersAreThereToo() throws Exception {
        try (Model model = model(MIXTRAL); TrainingPass all = TrainingPass.of(model, kernels,
                TrainingOptions.defaults()); TrainingPass last = TrainingPass.of(model, kernels,
                TrainingOptions.defaults().withTrainable(w -> w == weight(model, Role.HEAD, 0)))) {
            Loss loss = new ExpertTraining(model, new ExpertOptions(0.5, 0, 0.1, 0)).with(Loss.CROSS_ENTROPY);
            assertEquals(all.loss(batch(), loss), last.loss(batch(), loss), 0);
        }
    }

    @Test
    void gradientsOfTheWholeLossAreThoseOfDifferences() throws Exception {
        try (Model model = model(MIXTRAL); TrainingPass pass = TrainingPass.of(model, kernels,
                TrainingOptions.defaults().withCheckpoints(2))) {
            Loss loss = new ExpertTraining(model, new ExpertOptions(0.5, 0.2, 0.1, 0)).with(Loss.CROSS_ENTROPY);
            pass.loss(batch(), loss);
            Weight.Stored router = weight(model, Role.ROUTER, 1);
            Tensor gradient = pass.weightGradients().of(router);
            for (int i = 0; i < gradient.size(); i += 5) {
                int at = i;
                float x = router.tensor().get(at);
                router.update(t -> t.set(at, x + 2e-3f));
                double above = pass.evaluate(batch(), loss);
                router.update(t -> t.set(at, x - 2e-3f));
                double below = pass.evaluate(batch(), loss);
                router.update(t -> t.set(at, x));
                assertEquals((above - below) / 4e-3, gradient.get(i), 1e-3, "slope " + i);
            }
        }
    }

    @Test
    void noTokenIsDroppedWhenAllChooseTheSameExperts() throws Exception {
        try (Model model = model(MIXTRAL); TrainingPass pass = TrainingPass.of(model, kernels,
                TrainingOptions.defaults())) {
            for (int layer = 0; layer < 3; layer++) {
                // All logits are 0, so the first two experts take every token.
                weight(model, Role.ROUTER, layer).update(Tensor::zero);
            }
            TokenBatch many = new TokenBatch();
            double sum = 0;
            int[] ids = new int[30];
            for (int i = 0; i < 10; i++) {
                for (int j = 0; j < ids.length; j++) {
                    ids[j] = (7 * i + j * j) % 20;
                }
                many.add(ids);
                sum += pass.evaluate(new TokenBatch().add(ids), Loss.CROSS_ENTROPY) / 10;
            }
            ExpertTraining experts = new ExpertTraining(model, ExpertOptions.NONE);
            assertEquals(sum, pass.evaluate(many, experts.with(Loss.CROSS_ENTROPY)), 1e-5);
            for (ExpertLoad load : experts.loads()) {
                assertArrayEquals(new long[] {300, 300, 0, 0}, load.counts());
            }
            assertEquals(List.of(0, 1, 2), experts.loads().stream().map(ExpertLoad::layer).toList());
            assertEquals(2, experts.figures().get("experts/load_max"), 1e-12);
            assertEquals(0, experts.figures().get("experts/load_min/2"), 1e-12);
        }
    }

    @Test
    void biasesMoveTowardsBalanceByOneStep() throws Exception {
        try (Model model = model(CORRECTED); TrainingPass pass = TrainingPass.of(model, kernels,
                TrainingOptions.defaults())) {
            Weight.Stored bias = weight(model, Role.ROUTER_CORRECTION, 0);
            float[] before = bias.tensor().toArray();
            ExpertTraining experts = new ExpertTraining(model, new ExpertOptions(0, 0, 0, 0.25));
            pass.loss(batch(), experts.with(Loss.CROSS_ENTROPY));
            long[] counts = experts.loads().getFirst().counts();
            assertEquals(2 * (FIRST.length + SECOND.length), Arrays.stream(counts).sum());
            experts.updated(1);
            for (int e = 0; e < counts.length; e++) {
                double mean = 2.0 * (FIRST.length + SECOND.length) / 8;
                assertEquals(before[e] + 0.25 * Math.signum(mean - counts[e]), bias.tensor().get(e), 1e-6);
            }
        }
    }

    @Test
    void theLoadBalancingLossFalls() throws Exception {
        double without = lastFigure(MIXTRAL, new ExpertOptions(1e-9, 0, 0, 0), "experts/load_balancing_loss");
        double with = lastFigure(MIXTRAL, new ExpertOptions(1, 0, 0, 0), "experts/load_balancing_loss");
        assertTrue(with < 3 * 2.1 && without > with + 0.1, with + " with, " + without + " without the loss");
    }

    @Test
    void biasesBalanceASkewedLoad() throws Exception {
        double without = lastFigure(CORRECTED, ExpertOptions.NONE, "experts/load_max");
        double with = lastFigure(CORRECTED, new ExpertOptions(0, 0, 0, 0.02), "experts/load_max");
        assertTrue(with < 0.7 * without, with + " with, " + without + " without bias updates");
    }

    /// The mean of a figure over the last ten of some steps. Biases first draw all tokens to the first expert.
    private double lastFigure(String config, ExpertOptions options, String figure) throws CheckpointException {
        int steps = 60;
        double sum = 0;
        try (Model model = model(config); TrainingPass pass = TrainingPass.of(model, kernels,
                TrainingOptions.defaults()); Optimizer optimizer = new Optimizer(kernels,
                ParameterGroups.of(model, w -> true, new AdamW(), 0))) {
            if (config.equals(CORRECTED)) {
                for (int layer = 0; layer < 2; layer++) {
                    weight(model, Role.ROUTER_CORRECTION, layer).update(t -> t.set(0, 0.4f));
                }
            }
            ExpertTraining experts = new ExpertTraining(model, options);
            int[] ids = new int[30];
            for (int step = 0; step < steps; step++) {
                TokenBatch batch = new TokenBatch();
                for (int i = 0; i < 4; i++) {
                    for (int j = 0; j < ids.length; j++) {
                        ids[j] = Math.floorMod(31 * step + 7 * i * i + j * j * (i + 1), 20);
                    }
                    batch.add(ids);
                }
                experts.startStep();
                pass.zeroGradients();
                pass.loss(batch, experts.with(Loss.CROSS_ENTROPY));
                sum += step < steps - 10 ? 0 : experts.figures().get(figure) / 10;
                optimizer.step(pass.weightGradients(), 3e-3, 1);
                experts.updated(step + 1);
            }
        }
        return sum;
    }

    @Test
    void biasesOfAModelWithoutAnyAreRefused() throws Exception {
        try (Model model = model(MIXTRAL)) {
            var e = assertThrows(IllegalArgumentException.class,
                    () -> new ExpertTraining(model, new ExpertOptions(0, 0, 0, 0.1)));
            assertTrue(e.getMessage().contains("have no bias"), e.getMessage());
        }
    }

    /// Layers that share keys, values or embeddings with others, and all kinds of routers.
    @ParameterizedTest
    @ValueSource(strings = {"gemma4_text_moe", "deepseek_v3", "glm4_moe", "gpt_oss", "granitemoehybrid", "jamba",
        "llama4_text", "minimax", "nemotron_h", "qwen3_next"})
    void evaluationHasTheRoutersAndTheLossOfTraining(String golden) throws Exception {
        try (Model model = ModelLoader.load(Path.of("../engine/src/test/resources/golden", golden));
                TrainingPass pass = TrainingPass.of(model, kernels, TrainingOptions.defaults())) {
            List<float[]> logits = new ArrayList<>();
            Loss loss = new ExpertTraining(model, new ExpertOptions(0.5, 0.2, 0.1, 0)).with(p -> {
                p.routers().forEach(r -> logits.add(r.logits().tensor().toArray()));
                return Loss.CROSS_ENTROPY.of(p);
            });
            assertEquals(pass.loss(batch(), loss), pass.evaluate(batch(), loss), 0);
            int layers = logits.size() / 2;
            assertTrue(layers > 0);
            for (int i = 0; i < layers; i++) {
                assertArrayEquals(logits.get(i), logits.get(layers + i));
            }
        }
    }

    @Test
    void expertsOfMultiTokenPredictionLayersAreBalancedToo() throws Exception {
        ModelSpec spec = Families.spec(Config.parse(Path.of("config.json"), CORRECTED));
        List<Sublayer> last = spec.sublayers().subList(4, 6).stream().map(s -> new Sublayer(3, s.before(), s.mixer(),
                s.after(), s.residual())).toList();
        ModelSpec drafting = spec.withDrafts(List.of(
                new Draft(spec.finalNorm(), spec.finalNorm(), last, spec.finalNorm())));
        TokenBatch whole = new TokenBatch().addWhole(FIRST).addWhole(SECOND);
        double expected = Double.NaN;
        for (int checkpoints : new int[] {0, 2}) {
            try (Model model = FreshModel.create(drafting, 4); TrainingPass pass = TrainingPass.of(model, kernels,
                    TrainingOptions.defaults().withCheckpoints(checkpoints))) {
                ExpertTraining experts = new ExpertTraining(model, new ExpertOptions(0.5, 0.2, 0.1, 0.25));
                Loss loss = experts.with(new MultiTokenPrediction(Loss.CROSS_ENTROPY, 0.3));
                double found = pass.loss(whole, loss);
                assertTrue(Double.isNaN(expected) || expected == found, expected + " and " + found);
                expected = found;
                assertEquals(List.of(1, 2, 3), experts.loads().stream().map(ExpertLoad::layer).toList());
                // The layer reads all tokens of a text but the first.
                assertEquals(2 * (FIRST.length + SECOND.length - 2), experts.loads().getLast().numChoices());
                experts.updated(1);
                assertEquals(0.25, Math.abs(weight(model, Role.ROUTER_CORRECTION, 2).tensor().get(0)), 1e-6);
            }
        }
    }

    @Test
    void aRouterOutputTellsTheSequenceOfEachToken() throws Exception {
        try (Model model = model(CORRECTED); TrainingPass pass = TrainingPass.of(model, kernels,
                TrainingOptions.defaults())) {
            List<RouterOutput> seen = new ArrayList<>();
            pass.evaluate(batch(), (Predictions p) -> {
                seen.addAll(p.routers());
                return Loss.CROSS_ENTROPY.of(p);
            });
            assertEquals(List.of(1, 2), seen.stream().map(RouterOutput::layer).toList());
            assertArrayEquals(new int[] {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1}, seen.getFirst().sequences());
        }
    }
}
