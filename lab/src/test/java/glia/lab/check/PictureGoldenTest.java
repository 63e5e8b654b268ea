package glia.lab.check;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.pass.Engine;
import glia.engine.runner.Runners;
import glia.engine.sampling.SamplingOptions;
import glia.engine.schedule.Completion;
import glia.engine.schedule.Generation;
import glia.engine.schedule.GenerationRequest;
import glia.engine.schedule.Scheduler;
import glia.engine.schedule.SchedulerOptions;
import glia.engine.schedule.Session;
import glia.engine.state.PrefixCache;
import glia.engine.state.Sequence;
import glia.engine.training.Loss;
import glia.engine.training.TokenBatch;
import glia.engine.training.TrainingOptions;
import glia.engine.training.TrainingPass;
import glia.io.CheckpointException;
import glia.io.Config;
import glia.io.picture.Pixels;
import glia.io.safetensors.SafetensorsCheckpoint;
import glia.kernels.KernelBackends;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.block.Input;
import glia.model.block.Pass.Outputs;
import glia.model.cost.LayerKind;
import glia.model.picture.PictureProcessor;
import glia.model.picture.PreparedPicture;
import glia.model.spec.Tower;
import glia.model.write.ModelWriter;
import glia.tensor.DType;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import glia.tensor.kernel.Workers;
import glia.tensor.kernel.scalar.ScalarKernels;
import glia.tensor.ops.Compute;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Models with towers: logits, loss and gradients of text with pictures, those of the tower too, against the
/// reference; prefixes, sessions and chunks never mix up pictures.
class PictureGoldenTest {
    private static final List<String> FOLDERS = List.of("chameleon", "emu3", "gemma3", "gemma4", "gemma4_clipped",
            "gemma4_mutual", "gemma4_unified", "glm4v", "glm4v_moe", "internvl", "janus", "kimi_k25", "llama4", "llava",
            "llava_next", "llava_next_layers", "llava_siglip", "minimax_m3", "mistral3", "qwen2_5_omni_thinker",
            "qwen2_5_vl", "qwen2_vl", "qwen3_omni_thinker", "qwen3_vl", "qwen3_vl_moe",
            "qwen3_vl_moe_saved", "smolvlm");

    @TempDir
    Path temporary;

    static Stream<String> cases() {
        return FOLDERS.stream().flatMap(f -> Stream.of("scalar", "best").map(kernels -> f + " " + kernels));
    }

    private static Path folder(String name) {
        try {
            return Path.of(PictureGoldenTest.class.getResource("/golden-pictures/" + name + "/config.json").toURI())
                    .getParent();
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void check(Path folder, Path expected, String kernels) throws CheckpointException {
        List<CheckLine> lines = new ArrayList<>();
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder); Engine engine = new Engine(model,
                KernelBackends.choose(kernels, workers).kernels(), Precision.EXACT, 1 << 30)) {
            ModelCheck.run(expected, engine, lines::add);
        }
        assertTrue(lines.size() >= 4, lines::toString);
        for (CheckLine line : lines) {
            assertTrue(line.passed(), line::toString);
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void agreesWithTheReference(String familyAndKernels) throws CheckpointException {
        String[] words = familyAndKernels.split(" ");
        check(folder(words[0]), folder(words[0]), words[1]);
    }

    static Stream<String> folders() {
        return FOLDERS.stream();
    }

    @ParameterizedTest
    @MethodSource("folders")
    void savingChangesNothing(String name) throws IOException {
        Path saved = temporary.resolve("saved");
        try (Model model = ModelLoader.load(folder(name), p -> true)) {
            ModelWriter.write(model, saved);
        }
        try (SafetensorsCheckpoint before = SafetensorsCheckpoint.open(folder(name).resolve("model.safetensors"));
                SafetensorsCheckpoint after = SafetensorsCheckpoint.open(saved.resolve("model.safetensors"))) {
            assertEquals(before.names(), after.names());
            for (String tensor : before.names()) {
                assertArrayEquals(before.tensor(tensor).shape(), after.tensor(tensor).shape(), tensor);
                assertEquals(-1, before.tensor(tensor).memory().mismatch(after.tensor(tensor).memory()), tensor);
            }
        }
        check(saved, folder(name), "scalar");
    }

    /// Work with a model and an engine.
    private interface Work {
        void with(Model model, Engine engine) throws Exception;
    }

    private static void open(String name, Work work) throws Exception {
        try (Workers workers = new Workers(2); Model model = ModelLoader.load(folder(name), p -> true); Engine engine =
                new Engine(model, new ScalarKernels(workers), Precision.EXACT, 1 << 28)) {
            work.with(model, engine);
        }
    }

    /// A text of some tokens, a picture of one gray, `more` tokens.
    private static Input text(Model model, float gray, int before, int more) {
        Tower tower = model.spec().towers().getFirst();
        int side = tower.side() * 2;
        Tensor values = Tensor.allocate(Arena.ofAuto(), DType.F32, 4 * tower.side() * tower.side(),
                tower.featureSize());
        for (int i = 0; i < values.size(); i++) {
            values.set(i, gray + i % 7 * 0.1f);
        }
        Input.Rows rows = Input.Rows.of(tower, 0, values, 1, side, side);
        int[] ids = new int[before + rows.count() + more];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i >= before && i < before + rows.count() ? tower.placeholder() : 10 + i % 5;
        }
        return Input.of(ids, tower.placeholder(), List.of(rows));
    }

    private static float[] last(Engine engine, Sequence sequence, Input input) {
        engine.add(sequence, input.ids(), input.embedded(), sequence.length(), input.ids().length, Outputs.LAST);
        return engine.run().toArray();
    }

    @ParameterizedTest
    @ValueSource(strings = {"llava", "qwen2_vl", "qwen3_vl", "gemma3"})
    void thePrefixCacheNeverTakesOnePictureForAnother(String name) throws Exception {
        open(name, (model, engine) -> {
            Input first = text(model, 0.2f, 60, 8);
            Input other = text(model, -0.4f, 60, 8);
            assertArrayEquals(first.ids(), other.ids(), "the placeholders are equal");
            PrefixCache cache = engine.prefixCache();
            Sequence alone = engine.open();
            float[] ofFirst = last(engine, alone, first);
            alone.close();
            Sequence whole = engine.open();
            float[] ofOther = last(engine, whole, other);
            assertFalse(Arrays.equals(ofFirst, ofOther), "the pictures matter");
            cache.insertAndClose("", whole, cache.keys(other.ids(), other.embedded()));
            Sequence same = cache.open("", cache.keys(other.ids(), text(model, -0.4f, 60, 8).embedded()));
            assertTrue(same.length() > 64, "found " + same.length());
            assertClose(ofOther, last(engine, same, other));
            same.close();
            Sequence different = cache.open("", cache.keys(first.ids(), first.embedded()));
            assertTrue(different.length() <= 60, "found " + different.length());
            assertClose(ofFirst, last(engine, different, first));
            different.close();
            Sequence plain = cache.open("", first.ids());
            assertTrue(plain.length() <= 60, "placeholders without a picture found " + plain.length());
            plain.close();
        });
    }

    private static void assertClose(float[] expected, float[] found) {
        assertArrayEquals(expected, found, 1e-4f);
    }

    /// Requests of a scheduler, in small passes that cut through pictures, with prefixes, samples and sessions.
    @ParameterizedTest
    @ValueSource(strings = {"llava", "qwen2_vl", "qwen3_vl", "gemma3"})
    void aSchedulerAnswersAsTheEngineAlone(String name) throws Exception {
        open(name, (model, engine) -> {
            List<Input> texts = List.of(text(model, 0.2f, 66, 3), text(model, -0.4f, 66, 3), text(model, 0.2f, 66, 3),
                    text(model, 0.7f, 3, 2), Input.of(1, 2, 3));
            List<int[]> expected = new ArrayList<>();
            for (Input text : texts) {
                expected.add(greedy(engine, text));
            }
            try (Scheduler scheduler = new Scheduler(Runners.plain(engine),
                    SchedulerOptions.defaults().withMaxSequences(4).withTokenBudget(10), model.spec().vocabSize(),
                    256)) {
                for (int round = 0; round < 2; round++) {
                    List<Generation> running = new ArrayList<>();
                    for (Input text : texts) {
                        running.add(scheduler.submit(request(text).numSamples(2).build()));
                    }
                    for (int i = 0; i < texts.size(); i++) {
                        for (Completion completion : running.get(i).await()) {
                            assertArrayEquals(expected.get(i), completion.tokens(), "text " + i);
                        }
                    }
                }
                try (Session session = scheduler.session()) {
                    for (int i = 0; i < 3; i++) {
                        assertArrayEquals(expected.get(i), scheduler.submit(request(texts.get(i)).session(session)
                                .build()).await().getFirst().tokens(), "text " + i + " of a session");
                    }
                }
            }
        });
    }

    private static GenerationRequest.Builder request(Input text) {
        return GenerationRequest.of(text).maxTokens(4).sampling(SamplingOptions.greedy());
    }

    private static int[] greedy(Engine engine, Input text) {
        int[] ids = text.ids();
        try (Sequence sequence = engine.open()) {
            for (int i = 0; i < 4; i++) {
                float[] logits = last(engine, sequence, new Input(ids, text.embedded()));
                int best = 0;
                for (int v = 1; v < logits.length; v++) {
                    best = logits[v] > logits[best] ? v : best;
                }
                ids = Arrays.copyOf(ids, ids.length + 1);
                ids[ids.length - 1] = best;
            }
        }
        return Arrays.copyOfRange(ids, text.ids().length, ids.length);
    }

    /// A step against the gradient of the tower alone lowers the loss by the square of its length.
    @ParameterizedTest
    @ValueSource(strings = {"gemma3", "gemma4", "llama4", "llava", "mistral3", "qwen2_5_vl", "qwen2_vl"})
    void towersHaveGradients(String name) throws Exception {
        open(name, (model, engine) -> {
            Input text = text(model, 0.2f, 3, 5);
            try (TrainingPass pass = TrainingPass.of(engine, TrainingOptions.defaults())) {
                TokenBatch batch = new TokenBatch().add(text);
                double before = pass.loss(batch);
                double square = 0;
                for (var entry : model.weights().all().entrySet()) {
                    if (model.spec().towerOf(entry.getKey().place()) != 0) {
                        continue;
                    }
                    Tensor weight = Compute.stored(entry.getValue());
                    Tensor gradient = pass.weightGradients().find(entry.getValue()).orElseThrow();
                    for (long i = 0; i < weight.size(); i++) {
                        square += (double) gradient.get(i) * gradient.get(i);
                    }
                }
                double step = 1e-3 / square;
                for (var entry : model.weights().all().entrySet()) {
                    if (model.spec().towerOf(entry.getKey().place()) == 0) {
                        Tensor weight = Compute.stored(entry.getValue());
                        Tensor gradient = pass.weightGradients().find(entry.getValue()).orElseThrow();
                        for (long i = 0; i < weight.size(); i++) {
                            weight.set(i, (float) (weight.get(i) - step * gradient.get(i)));
                        }
                    }
                }
                double lowered = before - pass.evaluate(batch, Loss.CROSS_ENTROPY);
                assertEquals(1e-3, lowered, 1e-4);
            }
        });
    }

    /// The processor of Gemma 4 fills up to the most patches of a picture.
    @Test
    void paddingIsNoPartOfAPicture() throws Exception {
        PictureProcessor processor = PictureProcessor.of(Config.of(Path.of("preprocessor_config.json"), Map.of(
                "image_processor_type", "Gemma4ImageProcessor", "patch_size", 4, "pooling_kernel_size", 2,
                "max_soft_tokens", 9, "image_mean", List.of(0, 0, 0), "image_std", List.of(1, 1, 1))),
                Config.of(Path.of("processor_config.json"), Map.of()));
        PreparedPicture picture = processor.prepare(Pixels.filled(32, 8, 10, 20, 30));
        assertEquals(List.of(1, 2, 12), picture.grid());
        assertEquals(36, picture.pixels().rows());
        open("gemma4", (model, engine) -> assertEquals(6, picture.rows(model.spec().towers().getFirst(), 0).getFirst()
                .count()));
    }

    /// SigLIP of 384 pixels has 27 patches of 14 across, as a convolution does.
    @Test
    void aRestOfPixelsIsNotRead() throws Exception {
        open("llava_siglip", (model, engine) -> {
            Tower tower = model.spec().towers().getFirst();
            Tensor even = Tensor.allocate(Arena.ofAuto(), DType.F32, 3, 28, 28);
            Tensor odd = Tensor.allocate(Arena.ofAuto(), DType.F32, 3, 41, 41);
            for (int i = 0; i < odd.size(); i++) {
                odd.set(i, i % 41 + i / 41 % 41 * 0.1f);
            }
            for (int i = 0; i < even.size(); i++) {
                even.set(i, i % 28 + i / 28 % 28 * 0.1f);
            }
            assertArrayEquals(Input.Rows.ofPixels(tower, 0, even).values().toArray(),
                    Input.Rows.ofPixels(tower, 0, odd).values().toArray());
        });
    }

    /// Tokens that end the lines of a picture, between its placeholders.
    @Test
    void otherTokensMayInterruptAPicture() throws Exception {
        open("mistral3", (model, engine) -> {
            Input whole = text(model, 0.2f, 3, 5);
            int placeholder = model.spec().towers().getFirst().placeholder();
            Input.Rows rows = whole.embedded().getFirst().rows();
            int[] ids = {12, placeholder, placeholder, 11, placeholder, placeholder, 12};
            Input cut = Input.of(ids, placeholder, List.of(rows));
            assertEquals(2, cut.embedded().size());
            double loss = 0;
            try (Sequence sequence = engine.open(); Sequence other = engine.open()) {
                engine.add(sequence, ids, cut.embedded(), 0, 3, Outputs.LAST);
                float[] ofCut = engine.run().toArray();
                engine.add(other, whole.ids(), List.of(new Input.Embedded(1, rows)), 2, 5, Outputs.LAST);
                assertClose(engine.run().toArray(), ofCut);
            }
            try (Sequence sequence = engine.open()) {
                engine.add(sequence, ids, cut.embedded(), 0, ids.length, Outputs.ALL);
                Tensor logits = engine.run();
                for (int i = 0; i + 1 < ids.length; i++) {
                    double sum = 0;
                    for (int v = 0; v < logits.cols(); v++) {
                        sum += Math.exp(logits.get((long) i * logits.cols() + v));
                    }
                    loss += Math.log(sum) - logits.get((long) i * logits.cols() + ids[i + 1]);
                }
            }
            try (TrainingPass pass = TrainingPass.of(engine, TrainingOptions.defaults())) {
                assertEquals(loss / (ids.length - 1), pass.evaluate(new TokenBatch().add(cut), Loss.CROSS_ENTROPY),
                        1e-4);
            }
        });
    }

    @Test
    void whatDoesNotFitIsRefused() throws Exception {
        open("gemma3", (model, engine) -> {
            Input text = text(model, 0.2f, 3, 5);
            try (Sequence sequence = engine.open()) {
                assertTrue(assertThrows(IllegalArgumentException.class, () -> engine.add(sequence, text.ids(),
                        text.embedded(), 0, 5, Outputs.LAST)).getMessage().contains("both directions"));
                last(engine, sequence, text);
                assertEquals(text.ids().length, sequence.length());
            }
            assertTrue(LayerKind.of(model.spec()).stream().anyMatch(k -> k.description().startsWith("tower: multi-head")
                    && k.active() == 0 && k.caches().isEmpty()), () -> LayerKind.of(model.spec()).toString());
            int placeholder = model.spec().towers().getFirst().placeholder();
            Input.Rows rows = text.embedded().getFirst().rows();
            Input expanded = Input.expanded(new int[] {1, placeholder, 2, placeholder}, placeholder,
                    List.of(rows, rows));
            assertEquals(2 + 2 * rows.count(), expanded.ids().length);
            assertEquals(2 + rows.count(), expanded.embedded().getLast().start());
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Input.expanded(new int[] {1, 2}, placeholder,
                    List.of(rows))).getMessage().contains("0 placeholders"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Input.of(new int[] {1, placeholder, 2},
                    placeholder, List.of(rows))).getMessage().contains("placeholders"));
            assertTrue(assertThrows(IllegalArgumentException.class, () -> Input.of(new int[] {placeholder, placeholder,
                placeholder, placeholder, placeholder}, placeholder, List.of(rows))).getMessage()
                    .contains("of no picture"));
        });
    }
}
