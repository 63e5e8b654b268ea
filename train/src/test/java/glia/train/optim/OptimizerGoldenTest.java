package glia.train.optim;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.tensor.DType;
import glia.tensor.Memory;
import glia.tensor.Tensor;
import glia.tensor.autograd.Gradients;
import glia.tensor.kernel.Kernels;
import glia.tensor.kernel.Workers;
import glia.tensor.ops.Weight;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Five steps of every optimizer against those of torch, Transformers and lion-pytorch: parameters after each step and
/// the state after the last.
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OptimizerGoldenTest {
    private static final Path FOLDER = Path.of("src/test/resources/golden-training/optim");

    private final Workers workers = new Workers(2);
    private final Kernels kernels = KernelBackends.choose("best", workers).kernels();
    private SafetensorsCheckpoint tensors;
    private JsonNode json;

    @BeforeAll
    void open() throws Exception {
        tensors = SafetensorsCheckpoint.open(FOLDER.resolve("cases.safetensors"));
        json = JsonTree.parse(Files.readString(FOLDER.resolve("cases.json")));
    }

    @AfterAll
    void close() {
        tensors.close();
        workers.close();
    }

    private Stream<JsonNode> cases() throws Exception {
        JsonNode all = JsonTree.parse(Files.readString(FOLDER.resolve("cases.json"))).get("cases");
        List<JsonNode> chosen = new ArrayList<>();
        all.forEach(c -> {
            if (c.get("params").has("optimizer")) {
                chosen.add(c);
            }
        });
        return chosen.stream();
    }

    @ParameterizedTest
    @MethodSource("cases")
    void stepsGiveTheReferencesParameters(JsonNode c) throws Exception {
        String id = c.get("id").asString();
        JsonNode params = c.get("params");
        // torch's Newton–Schulz iteration runs in BF16 here.
        boolean loose = id.startsWith("muon") && !id.startsWith("muon64");
        boolean matrixOnly = id.startsWith("muon");
        UpdateRule rule = GoldenRules.rule(params);
        double decay = params.path("weight_decay").asDouble(GoldenRules.defaultDecay(params));
        double rate = params.path("lr").asDouble(1e-3);
        float sign = params.path("maximize").asBoolean(false) ? -1 : 1;
        if (params.path("decoupled_weight_decay").asBoolean(false)) {
            decay /= rate;
        }
        try (Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients()) {
            Map<String, Weight.Stored> weights = new LinkedHashMap<>();
            for (String name : matrixOnly ? List.of("w") : List.of("w", "b")) {
                float[] start = tensors.tensor("batch.opt." + name).toArray();
                weights.put(name, new Weight.Stored(Tensor.of(arena, start,
                        tensors.tensor("batch.opt." + name).shape())));
            }
            try (Optimizer optimizer = new Optimizer(kernels,
                    List.of(new ParameterGroup(weights, rule, decay, 1)))) {
                for (int step = 0; step < 5; step++) {
                    for (var e : weights.entrySet()) {
                        Tensor g = gradients.of(e.getValue());
                        Tensor all = tensors.tensor("batch.opt.grad_" + e.getKey());
                        for (int i = 0; i < g.size(); i++) {
                            g.set(i, all.get(step * g.size() + i));
                        }
                    }
                    optimizer.step(gradients, rate, sign);
                    for (var e : weights.entrySet()) {
                        assertStep(id, e.getKey(), step, e.getValue().tensor(), loose);
                    }
                }
                assertEquals(5, optimizer.steps());
                assertStates(id, optimizer.state(), loose);
            }
        }
    }

    private void assertStep(String id, String name, int step, Tensor actual, boolean loose) throws Exception {
        double[] expected = numbers("case." + id + "." + name);
        double[] start = numbers("batch.opt." + name);
        int n = (int) actual.size();
        double largest = 0;
        for (int i = 0; i < n; i++) {
            double size = loose ? expected[step * n + i] - (step == 0 ? start[i] : expected[(step - 1) * n + i])
                    : expected[step * n + i];
            largest = Math.max(largest, Math.abs(size));
        }
        // BF16 differences add up over the steps.
        double tolerance = loose ? 5e-2 * (step + 1) * largest : 1e-6 * largest;
        for (int i = 0; i < n; i++) {
            assertEquals(expected[step * n + i], actual.get(i), tolerance, id + " " + name + " step " + step);
        }
    }

    private void assertStates(String id, Map<String, Tensor> states, boolean loose) throws Exception {
        int compared = 0;
        for (var e : states.entrySet()) {
            double[] expected = numbers("case." + id + ".state." + e.getKey());
            double largest = 0;
            for (double x : expected) {
                largest = Math.max(largest, Math.abs(x));
            }
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], e.getValue().get(i), (loose ? 1e-5 : 2e-6) * largest, id + " " + e.getKey());
            }
            compared++;
        }
        assertEquals(states.size(), compared);
    }

    @Test
    void newtonSchulzGivesTheReferencesMatrix() throws Exception {
        try (Arena arena = Arena.ofShared()) {
            double[] input = numbers("case.newton-schulz.input");
            double[] expected = numbers("case.newton-schulz.output");
            Tensor u = Tensor.allocate(arena, DType.F32, tensors.tensor("case.newton-schulz.input").shape());
            for (int i = 0; i < input.length; i++) {
                u.set(i, (float) input[i]);
            }
            Tensor result = NewtonSchulz.orthogonal(u, 5, kernels, arena);
            for (int i = 0; i < expected.length; i++) {
                assertEquals(expected[i], result.get(i), 1e-5);
            }
        }
    }

    @Test
    void normsAreClippedAsTorchDoes() throws Exception {
        try (Arena arena = Arena.ofConfined()) {
            List<Tensor> gradients = new ArrayList<>();
            for (String name : List.of("w", "b")) {
                Tensor all = tensors.tensor("batch.opt.grad_" + name);
                int n = (int) (all.size() / 5);
                float[] first = new float[n];
                for (int i = 0; i < n; i++) {
                    first[i] = all.get(i);
                }
                gradients.add(Tensor.of(arena, first, n));
            }
            double norm = GradientNorm.of(gradients);
            assertEquals(5.513350353180003, norm, 1e-6);
            float factor = GradientNorm.clipFactor(norm, 1);
            double[] clipped = numbers("case.clip-grad-norm.clipped_w");
            for (int i = 0; i < clipped.length; i++) {
                assertEquals(clipped[i], factor * gradients.get(0).get(i), 1e-6);
            }
            assertEquals(1f, GradientNorm.clipFactor(0.5, 1));
        }
    }

    @Test
    void restoredStateContinuesWithTheSameBits() {
        try (Arena arena = Arena.ofConfined(); Gradients gradients = new Gradients()) {
            Weight.Stored a = new Weight.Stored(Tensor.of(arena, new float[] {1, -2, 3, 4}, 2, 2));
            Weight.Stored b = new Weight.Stored(Tensor.of(arena, new float[] {1, -2, 3, 4}, 2, 2));
            for (UpdateRule rule : List.of(new AdamW(), new Muon(), new NAdam(), new Adafactor(), new Lion())) {
                var first = List.of(new ParameterGroup(Map.of("w", a), rule, 0.1, 1));
                var second = List.of(new ParameterGroup(Map.of("w", b), rule, 0.1, 1));
                try (Optimizer one = new Optimizer(kernels, first); Optimizer two = new Optimizer(kernels, second)) {
                    for (int step = 0; step < 6; step++) {
                        for (int i = 0; i < 4; i++) {
                            gradients.of(a).set(i, i - step);
                            gradients.of(b).set(i, i - step);
                        }
                        one.step(gradients, 0.01, 1);
                        if (step == 2) {
                            b.update(t -> t.copyFrom(a.tensor()));
                            two.restore(one.state(), one.steps());
                        } else if (step > 2) {
                            two.step(gradients, 0.01, 1);
                            for (int i = 0; i < 4; i++) {
                                assertEquals(a.tensor().get(i), b.tensor().get(i), rule.name());
                            }
                        }
                    }
                }
            }
            assertTrue(a.version() > 0);
        }
    }

    private double[] numbers(String name) throws Exception {
        Tensor t = tensors.tensor(name);
        double[] all = new double[(int) t.size()];
        for (int i = 0; i < all.length; i++) {
            all[i] = t.dtype() == DType.F64 ? Memory.ALL.get(Memory.F64, t.address() + 8L * i) : t.get(i);
        }
        return all;
    }
}
