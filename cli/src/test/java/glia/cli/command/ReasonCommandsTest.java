package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import glia.lab.eval.Statistics;
import java.io.IOException;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.xml.sax.InputSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The commands of `glia reason` with the story model.
class ReasonCommandsTest {
    @TempDir
    Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    /// Each story is right if it goes on with `there`.
    private Path task() throws IOException {
        Path file = folder.resolve("stories.jsonl");
        Files.writeString(file, """
                {"task": "stories", "kind": "generate", "normalize": ["strip", "case"]}
                {"id": "a", "prompt": "Once upon a time", "answer": ", there was"}
                {"id": "b", "prompt": "One day", "answers": [", a", ", the"]}
                {"id": "c", "prompt": "Lily", "answer": "and"}
                """);
        return file;
    }

    @Test
    void strategiesAreMeasuredOnTheSameQuestions() throws Exception {
        Path svg = folder.resolve("chart.svg");
        Path html = folder.resolve("chart.html");
        Path samples = folder.resolve("samples.jsonl");
        String[] words = {"reason", "bench", "stories260K", "--task", task().toString(), "--strategies",
            "single,majority:3,best:2,beam:2x2,mcts:3x2,parallel:2", "--max-tokens", "40", "--answer-tokens", "20",
            "--svg", svg.toString(), "--html", html.toString(), "--samples", samples.toString()};
        JsonNode document = JsonMapper.shared().readTree(run(ExitCode.OK, Stream.concat(Stream.of(words),
                Stream.of("--json")).toArray(String[]::new)).out());
        assertEquals(6, document.path("strategies").size());
        for (JsonNode strategy : document.path("strategies")) {
            assertEquals(3, strategy.path("questions").asInt());
            assertTrue(strategy.path("most_tokens").asInt() <= 40, strategy::toString);
            assertTrue(strategy.path("mean_tokens").asDouble() > 0);
            Statistics.Interval interval = Statistics.wilson(strategy.path("right").asInt(), 3);
            assertEquals(interval.low(), strategy.path("low").asDouble());
            assertEquals(interval.high(), strategy.path("high").asDouble());
        }
        assertEquals(18, Files.readAllLines(samples).size());
        String chart = Files.readString(svg);
        DocumentBuilderFactory.newInstance().newDocumentBuilder().parse(new InputSource(new StringReader(chart)));
        assertEquals(12, chart.split("<circle", -1).length - 1);
        String page = Files.readString(html);
        assertTrue(page.contains(chart) && page.contains("majority:3"));
        assertFalse(page.replace("http://www.w3.org/2000/svg", "").contains("http"), "the page refers to others");
        assertTrue(run(ExitCode.BAD_FILE, words).err().contains("exists already"));
    }

    @Test
    void rightAnswersOfTheModelBecomeChats() throws Exception {
        Path file = folder.resolve("right.jsonl");
        String[] words = {"reason", "sample", "stories260K", "--task", task().toString(), "--samples", "12", "--keep",
            "2", "--max-tokens", "4", "--temperature", "1", "-o", file.toString()};
        JsonNode figures = JsonMapper.shared().readTree(run(ExitCode.OK, Stream.concat(Stream.of(words),
                Stream.of("--json")).toArray(String[]::new)).out());
        List<String> lines = Files.readAllLines(file);
        assertEquals(36, figures.path("samples").asInt());
        assertEquals(lines.size(), figures.path("kept").asInt());
        assertTrue(figures.path("right").asInt() >= lines.size() && lines.size() <= 2 * figures.path("solved").asInt());
        assertTrue(figures.path("tokens").asInt() <= 36 * 4);
        for (String line : lines) {
            JsonNode messages = JsonMapper.shared().readTree(line).path("messages");
            assertTrue(List.of("Once upon a time", "One day", "Lily").contains(messages.get(0).path("content")
                    .asString()));
            assertTrue(messages.get(1).path("content").asString().strip().matches(", there was|, a|, the|and"), line);
        }
        assertTrue(run(ExitCode.BAD_FILE, words).err().contains("exists already"));
        assertTrue(run(ExitCode.USAGE, "reason", "sample", "stories260K", "--task", "countdown").err()
                .contains("--output is missing"));
    }

    @Test
    void problemsOfTasksAreHeldOutAndTheTableHasIntervals() {
        TestConsole table = run(ExitCode.OK, "reason", "bench", "stories260K", "--task", "arithmetic:1", "--limit", "4",
                "--max-tokens", "12", "--strategies", "single");
        assertTrue(table.out().contains("single") && table.out().contains("0.0 % to 49.0 %"), table::out);
    }

    @Test
    void aRouterIsTrainedAndUsed() throws Exception {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        Path model = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), model.resolve(file));
        }
        Files.writeString(model.resolve("chat_template.jinja"), "{{ bos_token }}{{ messages[-1].content }}"
                + "{% if enable_thinking is defined and not enable_thinking %}{{ '<think></think>' }}"
                + "{% else %}{{ '<think>' }}{% endif %}");
        String[] auto = {"run", model.toString(), "Once upon", "--effort", "auto", "-n", "30", "--temperature", "0"};
        assertTrue(run(ExitCode.USAGE, auto).err().contains("router.json; train one with glia reason router"));
        String[] train = {"reason", "router", model.toString(), "--task", "arithmetic:1", "--limit", "12",
            "--max-tokens", "24"};
        TestConsole trained = run(ExitCode.OK, train);
        assertTrue(trained.out().contains("auto") && trained.out().contains("Wrote "), trained::out);
        assertTrue(Files.isRegularFile(model.resolve("router.json")));
        assertTrue(run(ExitCode.BAD_FILE, train).err().contains("exists already"));
        assertFalse(run(ExitCode.OK, auto).out().isBlank());
        assertTrue(run(ExitCode.OK, "reason", "bench", model.toString(), "--task", "arithmetic:1", "--limit", "5",
                "--max-tokens", "24", "--strategies", "auto,majority:2@auto").out().contains("majority:2@auto"));
        Files.writeString(model.resolve("router.json"), "{\"version\": 1, \"margin\": 0, \"mean\": [0], "
                + "\"scale\": [1], \"probes\": [{\"effort\": \"low\", \"bias\": 0, \"weights\": [1]}]}");
        assertTrue(run(ExitCode.USAGE, auto).err().contains("was trained with another model"));
        assertTrue(run(ExitCode.USAGE, "reason", "router", "stories260K", "--task", "arithmetic:1", "--force").err()
                .contains("does not think"));
    }

    @Test
    void errorsSayWhatIsExpected() throws IOException {
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K").err().contains("--task is missing"));
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K", "--task", "arithmetic", "--strategies",
                "vote:3").err().contains("'vote:3' is not a strategy"));
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K", "--task", "arithmetic", "--strategies",
                "single,single").err().contains("given twice"));
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K", "--task", "knowledge").err()
                .contains("of the kind generate"));
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K", "--task", "arithmetic:1", "--strategies",
                "low", "--limit", "2").err().contains("does not think"));
        assertTrue(run(ExitCode.USAGE, "reason").err().contains("bench, router or sample"));
        assertTrue(run(ExitCode.USAGE, "reason", "bench", "stories260K", "--task", "countdwn:4").err()
                .contains("'countdwn:4' is neither a task nor a file. Did you mean countdown?"));
        assertTrue(run(ExitCode.BAD_FILE, "reason", "bench", "stories260K", "--task",
                folder.resolve("none.jsonl").toString()).err().contains("no such file"));
    }
}
