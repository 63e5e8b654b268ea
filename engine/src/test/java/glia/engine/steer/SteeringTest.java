package glia.engine.steer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.Generator;
import glia.engine.GenerationOptions;
import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.state.Sequence;
import glia.io.CheckpointException;
import glia.io.gguf.GgufCheckpoint;
import glia.io.gguf.GgufMetadata;
import glia.io.gguf.GgufWriter;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.block.LayerHook;
import glia.model.block.Pass;
import glia.tensor.Tensor;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Control vectors against their definition, `x + scale · direction` after each layer, which a hook adds by hand.
class SteeringTest {
    private static final int LAYERS = 5;
    private static final int SIZE = 64;

    @TempDir
    static Path folder;
    private static Path path;
    private static LanguageModel model;

    @BeforeAll
    static void load() throws Exception {
        path = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        model = LanguageModel.load(path, LoadOptions.defaults().withBatchInvariance());
    }

    @AfterAll
    static void close() {
        model.close();
    }

    private static ControlVector vector(String name, long seed) {
        Random random = new Random(seed);
        Map<Integer, float[]> directions = new TreeMap<>();
        for (int layer = 1; layer < LAYERS; layer++) {
            float[] direction = new float[SIZE];
            for (int i = 0; i < SIZE; i++) {
                direction[i] = (float) random.nextGaussian();
            }
            directions.put(layer, direction);
        }
        return new ControlVector(name, directions);
    }

    private static Steering steering(long seed, double scale) {
        return Steering.of(List.of(new Steering.Part(vector("v" + seed, seed), scale)));
    }

    private static int[] ids(String text) {
        return model.tokenizer().encode(text, true);
    }

    /// The streams after each layer and, at the end, the logits.
    private static List<float[]> run(Steering steering, LayerHook by, int... ids) {
        List<float[]> found = new ArrayList<>();
        try (Sequence sequence = model.engine().open()) {
            sequence.steering(steering);
            model.engine().add(sequence, ids, 0, ids.length, Pass.Outputs.ALL);
            found.add(model.engine().run(new LayerHook() {
                @Override
                public void stream(int sublayer, Tensor stream) {
                    by.stream(sublayer, stream);
                    found.add(stream.toArray());
                }
            }).toArray());
        }
        return found;
    }

    @Test
    void addsTheDirectionsAfterTheirLayers() {
        int[] ids = ids("Once upon a time there was a girl");
        ControlVector one = vector("one", 1);
        ControlVector two = vector("two", 2);
        Steering steering = Steering.of(List.of(new Steering.Part(one, 0.7, 2, 3), new Steering.Part(two, -0.5)));
        List<float[]> found = run(steering, new LayerHook() { }, ids);
        List<float[]> expected = run(Steering.NONE, new LayerHook() {
            @Override
            public void stream(int sublayer, Tensor stream) {
                // A layer is attention and an MLP.
                int layer = sublayer / 2;
                for (int i = 0; sublayer % 2 == 1 && layer >= 1 && i < stream.size(); i++) {
                    double added = -0.5 * two.directions().get(layer)[i % SIZE];
                    added += layer == 2 || layer == 3 ? 0.7 * one.directions().get(layer)[i % SIZE] : 0;
                    stream.set(i, (float) (stream.get(i) + added));
                }
            }
        }, ids);
        List<float[]> plain = run(Steering.NONE, new LayerHook() { }, ids);
        assertEquals(1 + 2 * LAYERS + 1, found.size());
        for (int i = 0; i < found.size(); i++) {
            assertArrayEquals(expected.get(i), found.get(i), 2e-4f, "stream " + i);
        }
        assertArrayEquals(plain.get(3), found.get(3), "before layer 1 ends");
        assertFalse(Math.abs(plain.getLast()[5] - found.getLast()[5]) < 1e-3, "logits");
    }

    private static GenerationRequest request(String prompt, Steering steering) {
        return GenerationRequest.of(ids(prompt)).sampling(SamplingOptions.greedy()).maxTokens(60).logProbabilities(0)
                .steering(steering).build();
    }

    private static Completion alone(String prompt, Steering steering) throws CheckpointException {
        try (LanguageModel other = LanguageModel.load(path, LoadOptions.defaults().withBatchInvariance())) {
            return other.scheduler().generate(request(prompt, steering), () -> true);
        }
    }

    /// Neighbours of a batch, prompts that another has left in the prefix cache, and both twice.
    @Test
    void requestsWithOthersOrNoneDoNotDisturbEachOther() throws CheckpointException {
        String prompt = "Once upon a time there was a little girl named Lily. ".repeat(12);
        List<Steering> all = List.of(Steering.NONE, steering(1, 0.5), steering(2, 0.5), steering(1, -0.5));
        Map<String, Completion> truths = new HashMap<>();
        for (Steering steering : all) {
            truths.put(steering.key(), alone(prompt, steering));
        }
        assertEquals(all.size(), truths.values().stream().map(c -> model.tokenizer().decode(c.tokens(), false))
                .distinct().count(), "each says something else");
        for (int round = 0; round < 2; round++) {
            List<Generation> running = all.stream().map(s -> model.scheduler().submit(request(prompt, s))).toList();
            for (int i = 0; i < running.size(); i++) {
                Completion truth = truths.get(all.get(i).key());
                Completion found = running.get(i).await().getFirst().orThrow();
                assertArrayEquals(truth.tokens(), found.tokens(), "request " + i + " of round " + round);
                assertArrayEquals(truth.logProbabilities(), found.logProbabilities(), "request " + i);
                assertEquals(round == 1, found.reusedTokens() > 0, "reuses only its own prefix");
            }
        }
    }

    @Test
    void aSessionDropsTokensOfOtherControlVectors() throws CheckpointException {
        int[] prompt = ids("Once upon a time there was a little girl named Lily.");
        GenerationOptions free = model.options().withMaxTokens(30).withSampling(SamplingOptions.greedy());
        GenerationOptions steered = free.withSteering(steering(3, 0.5));
        try (Generator generator = model.generator(); Generator other = model.generator()) {
            String plain = generator.generate(prompt, free, false, _ -> { }).text();
            String first = generator.generate(prompt, steered, false, _ -> { }).text();
            assertFalse(first.equals(plain));
            assertEquals(other.generate(prompt, steered, false, _ -> { }).text(), first);
            assertTrue(generator.generate(prompt, steered, false, _ -> { }).reusedTokens() > 0);
            assertEquals(plain, generator.generate(prompt, free, false, _ -> { }).text());
        }
    }

    @Test
    void filesAreThoseOfLlamaCpp() throws CheckpointException {
        ControlVector vector = vector("v", 4);
        Path file = folder.resolve("v.gguf");
        vector.write(file, "llama");
        try (GgufCheckpoint gguf = GgufCheckpoint.open(file)) {
            assertEquals("controlvector", gguf.metadata().string("general.architecture"));
            assertEquals("llama", gguf.metadata().string("controlvector.model_hint"));
            assertEquals(LAYERS - 1, gguf.metadata().integer("controlvector.layer_count"));
            assertEquals(Set.of("direction.1", "direction.2", "direction.3", "direction.4"), gguf.names());
        }
        ControlVector read = ControlVector.read(file, "other name");
        for (int layer = 1; layer < LAYERS; layer++) {
            assertArrayEquals(vector.directions().get(layer), read.directions().get(layer));
        }
        assertEquals(Steering.of(List.of(new Steering.Part(vector, 2))).key(),
                Steering.of(List.of(new Steering.Part(read, 2))).key(), "the same content is the same");
    }

    @Test
    void refusesWhatIsNotOne() throws CheckpointException {
        Path other = folder.resolve("other.gguf");
        GgufWriter.write(other, GgufMetadata.of(other, Map.of("general.architecture", "llama")), Map.of());
        CheckpointException noVector = assertThrows(CheckpointException.class, () ->
                ControlVector.read(other, "model"));
        assertTrue(noVector.getMessage().contains("not a control vector"), noVector::getMessage);
        Steering wide = Steering.of(List.of(new Steering.Part(new ControlVector("wide", Map.of(1, new float[] {1})),
                1)));
        IllegalArgumentException e = assertThrows(IllegalArgumentException.class, () ->
                model.scheduler().submit(request("Once", wide)));
        assertTrue(e.getMessage().contains("hidden size of 64"), e::getMessage);
        assertThrows(IllegalArgumentException.class, () -> new ControlVector("v", Map.of(1, new float[] {1}, 2,
                new float[] {1, 2})));
        assertThrows(IllegalArgumentException.class, () -> new Steering.Part(vector("v", 1), 1, 5, 9));
        assertThrows(IllegalArgumentException.class, () -> new Steering.Part(vector("v", 1), Double.NaN));
        assertEquals("there is no control vector 'x'; there are v1", assertThrows(IllegalArgumentException.class, () ->
                steering(1, 1).scaled(Map.of("x", 1.0))).getMessage());
    }

    @Test
    void requestsScaleThoseThatAreThere() {
        Steering known = Steering.of(List.of(new Steering.Part(vector("a", 1), 0),
                new Steering.Part(vector("b", 2), 1)));
        assertTrue(known.scaled(Map.of()).isNone());
        assertEquals(Steering.of(List.of(new Steering.Part(vector("a", 1), 2))).key(),
                known.scaled(Map.of("a", 2.0)).key());
    }
}
