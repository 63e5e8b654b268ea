package glia.engine.embedding;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.engine.load.LoadOptions;
import glia.io.CheckpointException;
import glia.io.safetensors.SafetensorsWriter;
import glia.model.block.Pass;
import glia.model.layout.Pooling;
import glia.tensor.Precision;
import glia.tensor.Tensor;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Pooling by its formulas, truncation and prompts as sentence-transformers has them, and the files that say so.
class EmbedderTest {
    @TempDir
    Path temporary;
    private Path folder;
    private LanguageModel model;

    @BeforeEach
    void load() throws IOException {
        folder = SentenceEncoder.write(temporary.resolve("model"));
        model = LanguageModel.load(folder, new LoadOptions(1, 0, "scalar", Precision.EXACT));
    }

    @AfterEach
    void close() {
        model.close();
    }

    private EmbeddingConfig config() throws CheckpointException {
        return EmbeddingConfig.of(folder, model.model());
    }

    /// The formulas over hidden states in double precision.
    private double[] expected(Pooling pooling, int[] ids, int from) {
        float[] hidden = model.engine().hidden(new Pass().add(ids, 0, ids.length, 0, Pass.Outputs.ALL),
                Tensor::toArray);
        int size = hidden.length / ids.length;
        double[] vector = new double[size];
        Arrays.fill(vector, pooling == Pooling.MAX ? Double.NEGATIVE_INFINITY : 0);
        double weights = 0;
        for (int n = 0; n < ids.length; n++) {
            boolean isPooled = switch (pooling) {
                case CLS -> n == 0;
                case LAST -> n == ids.length - 1;
                default -> n >= from;
            };
            double weight = !isPooled ? 0 : pooling == Pooling.WEIGHTED_MEAN ? n + 1 : 1;
            weights += weight;
            for (int i = 0; i < size && isPooled; i++) {
                double x = hidden[n * size + i];
                vector[i] = pooling == Pooling.MAX ? Math.max(vector[i], x) : vector[i] + weight * x;
            }
        }
        for (int i = 0; i < size; i++) {
            vector[i] /= pooling == Pooling.MAX ? 1 : pooling == Pooling.MEAN_SQRT_LEN ? Math.sqrt(weights) : weights;
        }
        return vector;
    }

    private static void assertClose(double[] expected, float[] found, String what) {
        for (int i = 0; i < expected.length; i++) {
            assertEquals(expected[i], found[i], 1e-5, what);
        }
    }

    @Test
    void everyPoolingIsItsFormula() throws IOException {
        for (Pooling pooling : Pooling.values()) {
            SentenceEncoder.addModules(folder, pooling, 64, false);
            assertEquals(pooling, config().pooling());
            Embedder embedder = new Embedder(model, config());
            List<Embedder.Input> inputs = List.of(embedder.encode("abc de"), embedder.encode("f"));
            float[][] found = embedder.embed(inputs);
            for (int t = 0; t < found.length; t++) {
                assertClose(expected(pooling, inputs.get(t).ids(), 0), found[t], pooling.name());
            }
            float[] normalized = new Embedder(model, config().withNormalized(true)).embed(inputs)[0];
            double square = 0;
            double dot = 0;
            for (int i = 0; i < normalized.length; i++) {
                square += normalized[i] * normalized[i];
                dot += normalized[i] * found[0][i];
            }
            assertEquals(1, square, 1e-5);
            double length = Math.sqrt(Arrays.stream(expected(pooling, inputs.getFirst().ids(), 0))
                    .map(x -> x * x).sum());
            assertEquals(length, dot, 1e-4 * length);
        }
    }

    @Test
    void vectorsAreNormalizedWhereTheModulesSaySo() throws IOException {
        assertTrue(config().normalized(), "without modules.json");
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        assertFalse(config().normalized());
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, true);
        assertTrue(config().normalized());
    }

    @Test
    void withoutFilesAnEncoderTakesTheMean() throws IOException {
        assertEquals(new EmbeddingConfig(Pooling.MEAN, false, true, 0, false, Map.of(), Optional.empty(), true),
                config());
    }

    @Test
    void longTextsAreTruncatedBetweenTheirSpecialTokens() throws IOException {
        SentenceEncoder.addModules(folder, Pooling.MEAN, 6, true);
        Embedder embedder = new Embedder(model, config());
        assertEquals(6, embedder.maxTokens());
        Embedder.Input whole = embedder.encode("a b c d");
        assertFalse(whole.isTruncated());
        assertArrayEquals(new int[] {2, 5, 6, 7, 8, 3}, whole.ids());
        Embedder.Input truncated = embedder.encode("a b c d e f [SEP]");
        assertTrue(truncated.isTruncated());
        assertArrayEquals(whole.ids(), truncated.ids());
        assertArrayEquals(embedder.embed(List.of(whole))[0], embedder.embed(List.of(truncated))[0]);
    }

    /// A text cannot end itself or mask a word: `[UNK]` stands for the characters of a control token.
    @Test
    void controlTokensInATextAreText() throws IOException {
        for (String control : List.of("[SEP]", "[MASK]", "[CLS]", "[PAD]")) {
            int[] ids = new Embedder(model, config()).encode("a " + control + " b").ids();
            assertEquals(2, ids[0]);
            assertEquals(5, ids[1]);
            for (int i = 1; i < ids.length - 1; i++) {
                assertTrue(ids[i] == 1 || ids[i] > 4, control + " gave " + Arrays.toString(ids));
            }
        }
    }

    /// Without a config the context of 64 tokens is the limit, or what the tokenizer says.
    @Test
    void theContextAndTheTokenizerLimitTexts() throws IOException {
        assertEquals(64, new Embedder(model, config()).encode("a ".repeat(100)).ids().length);
        Files.writeString(folder.resolve("tokenizer_config.json"), "{\"model_max_length\": 20}");
        assertEquals(20, new Embedder(model, config()).encode("a ".repeat(100)).ids().length);
        Files.writeString(folder.resolve("tokenizer_config.json"),
                "{\"model_max_length\": 1000000000000000019884624838656}");
        assertEquals(64, new Embedder(model, config()).maxTokens());
        SentenceEncoder.addModules(folder, Pooling.MEAN, 512, true);
        assertEquals(64, new Embedder(model, config()).maxTokens());
        Embedder.Input tooLong = Embedder.Input.of(new int[65]);
        Embedder embedder = new Embedder(model, config());
        assertThrows(IllegalArgumentException.class, () -> embedder.embed(List.of(tooLong)));
        assertThrows(IllegalArgumentException.class, () -> embedder.embed(List.of(Embedder.Input.of(new int[0]))));
    }

    @Test
    void textsAreTurnedToLowerCaseWhereTheModelWantsIt() throws IOException {
        assertArrayEquals(new int[] {2, 1, 3}, new Embedder(model, config()).encode("A").ids());
        Files.writeString(folder.resolve("sentence_bert_config.json"),
                "{\"max_seq_length\": null, \"do_lower_case\": true}");
        assertArrayEquals(new int[] {2, 5, 3}, new Embedder(model, config()).encode(" A ").ids());
    }

    @Test
    void promptsGoBeforeTexts() throws IOException {
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        Path prompts = folder.resolve("config_sentence_transformers.json");
        Files.writeString(prompts, "{\"prompts\": {\"query\": \"q r\", \"document\": \"\"}, "
                + "\"default_prompt_name\": null}");
        int[] plain = {2, 5, 3};
        int[] asQuery = {2, 21, 22, 5, 3};
        assertArrayEquals(plain, new Embedder(model, config()).encode("a").ids());
        assertArrayEquals(asQuery, new Embedder(model, config().withPrompt("query")).encode(" a").ids());
        assertThrows(IllegalArgumentException.class, () -> config().withPrompt("title"));
        Files.writeString(prompts, Files.readString(prompts).replace("null", "\"query\""));
        Embedder embedder = new Embedder(model, config());
        Embedder.Input input = embedder.encode(" a");
        assertArrayEquals(asQuery, input.ids());
        assertClose(expected(Pooling.MEAN, asQuery, 0), embedder.embed(List.of(input))[0], "pooled with its prompt");
        Path pooling = folder.resolve("1_Pooling/config.json");
        Files.writeString(pooling, Files.readString(pooling).replace("{", "{\"include_prompt\": false, "));
        Embedder without = new Embedder(model, config());
        assertClose(expected(Pooling.MEAN, asQuery, 3), without.embed(List.of(without.encode(" a")))[0],
                "pooled without its prompt");
        Files.writeString(prompts, Files.readString(prompts).replace("\"query\"}", "\"title\"}"));
        assertThrows(CheckpointException.class, this::config);
    }

    @Test
    void denseModulesMapThePooledVector() throws IOException {
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        Path modules = folder.resolve("modules.json");
        Files.writeString(modules, Files.readString(modules).replace("]",
                ", {\"type\": \"sentence_transformers.models.Dense\", \"path\": \"2_Dense\"}]"));
        Path dense = Files.createDirectory(folder.resolve("2_Dense"));
        Files.writeString(dense.resolve("config.json"), "{\"in_features\": 32, \"out_features\": 2, \"bias\": true, "
                + "\"activation_function\": \"torch.nn.modules.activation.Tanh\"}");
        float[] w = new float[64];
        for (int i = 0; i < w.length; i++) {
            w[i] = (i * 37 % 19 - 9) / 40f;
        }
        float[] b = {0.5f, -0.25f};
        try (Arena arena = Arena.ofConfined()) {
            SafetensorsWriter.write(dense.resolve("model.safetensors"), Map.of("linear.weight",
                    Tensor.of(arena, w, 2, 32), "linear.bias", Tensor.of(arena, b, 2)), Map.of());
        }
        Embedder embedder = new Embedder(model, config());
        assertEquals(2, embedder.size());
        Embedder.Input input = embedder.encode("abc de");
        double[] x = expected(Pooling.MEAN, input.ids(), 0);
        double[] y = new double[2];
        for (int o = 0; o < 2; o++) {
            double sum = b[o];
            for (int i = 0; i < 32; i++) {
                sum += w[o * 32 + i] * x[i];
            }
            y[o] = Math.tanh(sum);
        }
        assertClose(y, embedder.embed(List.of(input))[0], "mapped");
        Files.writeString(dense.resolve("config.json"), "{\"in_features\": 31, \"out_features\": 2}");
        refused("in_features");
    }

    @Test
    void theNewerFormOfThePoolingIsRead() throws IOException {
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        for (Pooling pooling : Pooling.values()) {
            Files.writeString(folder.resolve("1_Pooling/config.json"), "{\"embedding_dimension\": 32, "
                    + "\"pooling_mode\": \"" + pooling.mode() + "\", \"include_prompt\": true}");
            assertEquals(pooling, config().pooling());
        }
    }

    @Test
    void whatIsNotSupportedIsRefused() throws IOException {
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        Path pooling = folder.resolve("1_Pooling/config.json");
        Files.writeString(pooling, "{\"pooling_mode_cls_token\": true, \"pooling_mode_max_tokens\": true}");
        refused("pooling_mode_max_tokens");
        Files.writeString(pooling, "{\"pooling_mode_cls_token\": false}");
        refused("found []");
        Files.writeString(pooling, "{\"pooling_mode\": \"both\"}");
        refused("both");
        SentenceEncoder.addModules(folder, Pooling.MEAN, 64, false);
        Path modules = folder.resolve("modules.json");
        Files.writeString(modules, Files.readString(modules).replace("]", ", {\"type\": \"x.models.CNN\"}]"));
        refused("x.models.CNN");
        Files.writeString(modules, "[{\"type\": \"x.Dense\", \"path\": \"2_Dense\"}]");
        refused("expected it after Pooling");
        Files.writeString(modules, "[{\"type\": \"x.Pooling\", \"path\": \"../other\"}]");
        refused("../other");
        for (String bad : new String[] {"{}", "[1]", "[{}]", "["}) {
            Files.writeString(modules, bad);
            refused("modules.json");
        }
    }

    private void refused(String part) {
        CheckpointException e = assertThrows(CheckpointException.class, this::config);
        assertTrue(e.getMessage().contains(part), e::getMessage);
    }
}
