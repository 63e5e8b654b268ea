package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.engine.LanguageModel;
import glia.engine.training.TrainingPass;
import glia.io.file.AtomicFile.IfExists;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.model.Model;
import glia.model.ModelLoader;
import glia.model.adapter.AdapterConfig;
import glia.model.adapter.AdapterFolder;
import glia.model.adapter.Adapters;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class EvalCommandTest {
    @TempDir private Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    @Test
    void resultsAreATable() {
        List<String> lines = run(ExitCode.OK, "eval", "stories260K", "knowledge", "prose", "arithmetic", "--limit", "3",
                "--shots", "1").out().lines().toList();
        assertEquals(1 + 3 + 2 + 1, lines.size(), lines.toString());
        assertTrue(lines.getFirst().matches("task +metric +value +95 % interval +items"), lines.getFirst());
        assertTrue(lines.get(1).matches("knowledge +accuracy +[01]\\.\\d{4} +0\\.\\d{4} to [01]\\.\\d{4} +3"),
                lines.get(1));
        assertTrue(lines.get(4).startsWith("prose "));
        assertTrue(lines.get(6).matches("arithmetic +exact_match .*"), lines.get(6));
    }

    /// Thoughts are no part of the answer, and take none of its tokens.
    @Test
    void thoughtsOfChatsAreLeftOut() throws Exception {
        Path task = folder.resolve("sums.jsonl");
        Files.writeString(task, """
                {"task": "sums", "kind": "generate", "chat": true, "max_tokens": 32}
                {"prompt": "Use 3, 7 and 11 to make 32.", "answer": "3*7+11"}
                {"prompt": "Solve x^2 - 5x + 6 = 0.", "answer": "x = 2 or x = 3"}
                """);
        Path samples = folder.resolve("sums-samples.jsonl");
        String out = run(ExitCode.OK, "eval", "reasoner", task.toString(), "--samples", samples.toString()).out();
        assertTrue(out.lines().toList().getLast().matches("sums +exact_match +1\\.0000 .*"), out);
        assertTrue(Files.readString(samples).contains("\"thinking\":\"32-11=21"), Files.readString(samples));
    }

    @Test
    void modelsAreComparedAndSamplesWritten() throws Exception {
        Path samples = folder.resolve("samples.jsonl");
        String[] command = {"eval", "stories260K", "strings", "prose", "--limit", "4", "--against", "stories260K",
            "--samples", samples.toString(), "--json", "--seed", "7"};
        JsonNode document = JsonMapper.shared().readTree(run(ExitCode.OK, command).out());
        assertEquals(7, document.path("seed").asInt());
        assertEquals(document.path("tasks"), document.path("against").path("tasks"));
        JsonNode strings = document.path("comparison").get(0);
        assertEquals(0, strings.path("difference").asDouble());
        assertEquals(1, strings.path("mcnemar_p").asDouble());
        assertFalse(document.path("comparison").get(1).has("mcnemar_p"));
        double value = document.path("tasks").get(1).path("metrics").path("bits_per_byte").path("value").asDouble();
        assertTrue(value > 0.5 && value < 8, value + " bits per byte");
        List<String> lines = Files.readAllLines(samples);
        assertEquals(16, lines.size());
        JsonNode first = JsonMapper.shared().readTree(lines.getFirst());
        assertEquals("strings-0", first.path("id").asString());
        assertTrue(first.path("prompt").asString().contains("=>"));
        assertTrue(first.has("generated") && first.has("right"));
        assertTrue(run(ExitCode.BAD_FILE, command).err().contains("exists already; --force overwrites it"));
        assertTrue(run(ExitCode.OK, "eval", "stories260K", "strings", "--limit", "2", "--against", "stories260K").out()
                .contains("McNemar p"));
    }

    /// Ranks that share the items print the numbers and write the samples of one process.
    @Test
    void ranksEvaluateAsOne() throws Exception {
        Path task = Files.writeString(folder.resolve("long.jsonl"), "{\"task\":\"long\",\"kind\":\"choice\"}\n"
                + IntStream.range(0, 40).mapToObj(i -> "{\"context\":\"" + "Once upon a time. ".repeat(5 + i)
                + "\",\"choices\":[\"She ran.\",\"He sat.\"],\"answer\":0}\n").collect(Collectors.joining()));
        for (String[] command : List.of(new String[] {"eval", "stories260K", "knowledge", "prose", task.toString()},
                new String[] {"eval", "stories260K", "strings", "--limit", "29", "--batch-invariant"})) {
            Path[] samples = new Path[4];
            String[] printed = new String[4];
            for (int ranks = 1; ranks <= 3; ranks++) {
                samples[ranks] = folder.resolve(command.length + "-" + ranks + ".jsonl");
                printed[ranks] = run(ExitCode.OK, with(command, "--samples", samples[ranks].toString(), "--json",
                        "--data-parallel", "" + ranks)).out();
                assertEquals(printed[1], printed[ranks]);
                assertEquals(Files.readString(samples[1]), Files.readString(samples[ranks]));
            }
            // Ranks with some layers each compute all items together.
            assertEquals(printed[1], run(ExitCode.OK, with(command, "--json", "--pipeline", "2")).out());
        }
    }

    /// An error of all ranks is printed once.
    @Test
    void anErrorOfAllRanksIsOne() {
        assertEquals(1, run(ExitCode.BAD_FILE, "eval", "stories260K", "knowlege", "--data-parallel", "3").err().lines()
                .count());
    }

    private static String[] with(String[] words, String... more) {
        return Stream.concat(Arrays.stream(words), Arrays.stream(more)).toArray(String[]::new);
    }

    /// The adapter belongs to the first model alone.
    @Test
    void anAdapterIsComparedWithItsBase() throws Exception {
        Path base = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        Path folderOfAdapter = folder.resolve("adapter");
        try (Model model = ModelLoader.load(base);
                Adapters adapters = Adapters.create(model, AdapterConfig.defaults().withRank(2, 8), 3)) {
            adapters.trainable().values().forEach(w -> w.update(t -> {
                for (long i = 0; i < t.size(); i++) {
                    t.set(i, t.get(i) + 0.1f);
                }
            }));
            AdapterFolder.write(adapters, folderOfAdapter, IfExists.FAIL);
        }
        JsonNode document = JsonMapper.shared().readTree(run(ExitCode.OK, "eval", "stories260K", "prose", "--adapter",
                folderOfAdapter.toString(), "--against", "stories260K", "--json").out());
        assertEquals("stories260K with " + folderOfAdapter, document.path("model").asString());
        JsonNode alone = JsonMapper.shared().readTree(run(ExitCode.OK, "eval", "stories260K", "prose", "--json").out());
        assertEquals(alone.path("tasks"), document.path("against").path("tasks"));
        assertTrue(document.path("comparison").get(0).path("difference").asDouble() > 0.01);
    }

    /// A tokenizer of characters has neither BOS nor EOS: the first character has the probability 1 / vocabulary size,
    /// the others the loss of a training pass.
    @Test
    void textsOfAModelWithoutBosAreMeasured() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), "to be or not to be\n".repeat(20));
        Path trained = folder.resolve("run");
        run(ExitCode.OK, "train", "nano", "data.train=" + text, "steps=1", "output=" + trained, "model.new.hidden=32",
                "model.new.layers=1", "batch.sequences=1");
        String item = "to be to be not to be";
        Path task = Files.writeString(folder.resolve("t.jsonl"), "{\"task\":\"t\",\"kind\":\"text\"}\n{\"text\":\""
                + item + "\"}\n");
        JsonNode document = JsonMapper.shared().readTree(run(ExitCode.OK, "eval", trained.resolve("model").toString(),
                task.toString(), "--json", "--precision", "exact").out());
        try (var model = LanguageModel.load(trained.resolve("model")); var pass = TrainingPass.of(model)) {
            double nats = Math.log(model.tokenizer().vocabSize()) + (item.length() - 1) * pass.loss(item);
            assertEquals(nats / Math.log(2) / item.length(), document.path("tasks").get(0).path("metrics")
                    .path("bits_per_byte").path("value").asDouble(), 1e-4);
        }
    }

    @Test
    void wrongTasksAreNamedBeforeAModelIsLoaded() throws Exception {
        assertTrue(run(ExitCode.BAD_FILE, "eval", "no such model", "knowlege").err()
                .contains("Did you mean knowledge?"));
        Path broken = Files.writeString(folder.resolve("t.jsonl"), "{\"task\":\"t\",\"kind\":\"text\"}\n{\"txt\":1}\n");
        assertTrue(run(ExitCode.BAD_FILE, "eval", "stories260K", broken.toString()).err()
                .startsWith("glia: " + broken + ": line 2: found the key \"txt\""));
        run(ExitCode.USAGE, "eval", "stories260K");
        run(ExitCode.USAGE, "eval", "stories260K", "prose", "--limit", "0");
        run(ExitCode.USAGE, "eval", "stories260K", "knowledge", "--shots", "5");
    }
}
