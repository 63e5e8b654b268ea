package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.engine.embedding.PictureEmbedder;
import glia.io.file.AtomicFile;
import glia.io.picture.Picture;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.NewHead;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.AdapterHead;
import glia.model.adapter.Adapters;
import glia.model.write.ModelWriter;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Classifies with a small model that got a classification head.
class ClassifyCommandTest {
    private static final Path GOLDENS = Path.of("../engine/src/test/resources/golden");

    @TempDir Path folder;

    private Path classifier(String family, String... labels) throws Exception {
        Path to = folder.resolve(family + labels.length);
        try (Model model = ModelLoader.load(GOLDENS.resolve(family), new NewHead(List.of(labels), 3), p -> false)) {
            ModelWriter.write(model, to);
        }
        return withTokenizer(to);
    }

    private static Path withTokenizer(Path to) throws Exception {
        String vocab = IntStream.range(1, 60).mapToObj(i -> "\"w" + i + "\": " + i).collect(Collectors.joining(", "));
        Files.writeString(to.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [], "pre_tokenizer": {"type": "Whitespace"},
                "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, %s}, "unk_token": "[UNK]",
                "continuing_subword_prefix": "##", "max_input_chars_per_word": 9},
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}}""".formatted(vocab));
        return to;
    }

    private static String run(String... words) {
        TestConsole console = new TestConsole("w2 w4 w7\n");
        assertEquals(ExitCode.OK, console.run(words), console::err);
        return console.out();
    }

    @Test
    void probabilitiesAddUpAndAreSorted() throws Exception {
        for (String family : List.of("bert", "llama")) {
            String model = classifier(family, "negative", "positive").toString();
            JsonNode classes = JsonMapper.shared().readTree(run("classify", model, "w2 w4 w7", "--json"))
                    .path("classes");
            double first = classes.path(0).path("probability").asDouble();
            double second = classes.path(1).path("probability").asDouble();
            assertEquals(1, first + second, 1e-6);
            assertTrue(first >= second);
            String text = run("classify", model);
            assertTrue(text.contains("negative") && text.contains("%"), text);
            assertTrue(run("inspect", model).contains("2 labels: negative, positive"));
        }
    }

    @Test
    void aRewardModelPrintsItsScore() throws Exception {
        String model = classifier("llama", "reward").toString();
        JsonNode classes = JsonMapper.shared().readTree(run("classify", model, "w2", "--json")).path("classes");
        assertEquals("reward", classes.path(0).path("label").asString());
        assertTrue(classes.path(0).path("score").isNumber());
        assertTrue(run("inspect", model).contains("a score"));
    }

    /// The head of the adapter has the values of the classifier, and the adapter itself changes nothing yet.
    @Test
    void anAdapterBringsItsHead() throws Exception {
        String model = classifier("llama", "negative", "positive").toString();
        Path base = folder.resolve("base");
        try (Model plain = ModelLoader.load(GOLDENS.resolve("llama"))) {
            ModelWriter.write(plain, base);
        }
        withTokenizer(base);
        Path adapter = folder.resolve("adapter");
        try (Model classifier = ModelLoader.load(Path.of(model));
                Adapters adapters = Adapters.create(classifier, AdapterConfig.defaults().withBase(base.toString())
                        .withModulesToSave(AdapterHead.modules(classifier)), 1)) {
            AdapterFolder.write(adapters, adapter, AtomicFile.IfExists.FAIL);
        }
        assertEquals(run("classify", model, "w2 w4 w7"), run("classify", base.toString(), "w2 w4 w7", "--adapter",
                adapter.toString()));
        TestConsole bench = new TestConsole("");
        bench.run("reason", "bench", base.toString(), "--task", "arithmetic:1", "--limit", "1", "--scorer",
                adapter.toString(), "--strategies", "best:2");
        assertTrue(bench.err().contains("found 2 scores, expected 1"), bench::err);
    }

    @Test
    void otherModelsAreRefused() throws Exception {
        String model = classifier("llama", "a", "b").toString();
        TestConsole console = new TestConsole("");
        assertTrue(console.run("run", model, "w2") != ExitCode.OK);
        assertTrue(console.err().contains("classifier"), console.err());
        Path task = Files.writeString(folder.resolve("task.jsonl"), """
                {"task": "t", "kind": "choice"}
                {"context": "w2", "choices": ["w3", "w40"], "answer": 0}
                """);
        Path text = Files.writeString(folder.resolve("text.txt"), "w50 w40 w30 w20 ".repeat(200));
        for (List<String> words : List.of(List.of("eval", model, task.toString()),
                List.of("perplexity", model, text.toString()))) {
            TestConsole other = new TestConsole("");
            assertEquals(ExitCode.USAGE, other.run(words.toArray(String[]::new)), other::err);
            assertTrue(other.err().contains("is a classifier and gives no probabilities of tokens"), other::err);
        }
    }

    @Test
    void aPictureIsClassifiedByTexts() throws Exception {
        Path to = folder.resolve("siglip");
        Files.createDirectories(to);
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(GOLDENS.resolveSibling("golden-retrieval").resolve("siglip").resolve(file), to.resolve(file));
        }
        withTokenizer(to);
        Files.writeString(to.resolve("preprocessor_config.json"), """
                {"image_processor_type": "SiglipImageProcessor", "size": {"height": 16, "width": 16}, "resample": 3,
                "image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}""");
        Path file = folder.resolve("pet.png");
        ImageIO.write(new BufferedImage(20, 20, BufferedImage.TYPE_INT_RGB), "png", file.toFile());
        JsonNode classes = JsonMapper.shared().readTree(run("classify", to.toString(), "--image", file.toString(),
                "--labels", "w3, w4,w5", "--template", "w1 {}", "--json")).path("classes");
        assertEquals(3, classes.size());
        try (LanguageModel model = LanguageModel.load(to)) {
            double[] expected = PictureEmbedder.of(model).classify(Picture.read(file), List.of("w1 w3", "w1 w4",
                    "w1 w5"));
            for (JsonNode one : classes) {
                int index = List.of("w3", "w4", "w5").indexOf(one.path("label").asString());
                assertEquals(expected[index], one.path("probability").asDouble(), 1e-3);
            }
        }
        assertFalse(run("embed", to.toString(), "w3", "--json").contains("pooling"));
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.USAGE, console.run("classify", to.toString(), "--labels", "w3"));
        assertTrue(console.err().contains("--image FILE and --labels"), console.err());
    }
}
