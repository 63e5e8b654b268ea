package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.train.report.MetricsFile;
import glia.train.report.RunDescription;
import glia.train.run.TrainingListener.StepFigures;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class ReportCommandTest {
    @TempDir
    Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    @BeforeEach
    void write() throws Exception {
        for (int seed = 1; seed <= 3; seed++) {
            write("grpo-" + seed, Map.of("seed", "" + seed), Map.of("rollouts/tokens_total", 50.0,
                    "rollouts/generated", 5.0, "accuracy/held_out", 0.25), 0.4 + 0.1 * seed);
        }
        write("texts", Map.of("task", "pretrain"), Map.of(), 0.5);
    }

    private void write(String name, Map<String, String> recipe, Map<String, Double> parts, double accuracy)
            throws Exception {
        try (MetricsFile metrics = MetricsFile.create(Files.createDirectory(path(name)).resolve("metrics.jsonl"),
                new RunDescription("t", 1, recipe, Map.of()), warning -> { })) {
            metrics.step(new StepFigures(1, 3.5, 1, 1, 7, 7, 1, parts));
            if (!parts.isEmpty()) {
                metrics.evaluated(1, Map.of("accuracy/held_out", accuracy));
            }
        }
    }

    private Path path(String name) {
        return folder.resolve(name);
    }

    private String text(String name) {
        return path(name).toString();
    }

    @Test
    void groupsOfSeedsAreMeansWithIntervals() throws Exception {
        // 0.5, 0.6 and 0.7: 0.6 ± 4.303·0.1/√3.
        Path page = path("chart.html");
        String[] words = {"report", text("grpo-1"), text("grpo-2"), text("grpo-3"), "--x", "tokens", "-o",
            page.toString()};
        TestConsole console = run(ExitCode.OK, words);
        assertTrue(console.out().contains("grpo (3 runs)")
                && console.out().contains("25.0 % (25.0 to 25.0)")
                && console.out().contains("60.0 % (35.2 to 84.8)")
                && console.out().contains("35.0 % (10.2 to 59.8)"), console::out);
        String html = Files.readString(page);
        assertTrue(html.contains("<svg") && html.contains("60.0 % (35.2 to 84.8)")
                && html.contains("prefers-color-scheme: dark"), html);
        assertFalse(html.replace("http://www.w3.org/2000/svg", "").contains("http"), "the page refers to others");
        assertTrue(run(ExitCode.BAD_FILE, words).err().contains("exists already"));
        JsonNode document = JsonMapper.shared().readTree(run(ExitCode.OK, "report", text("grpo-1"), "b="
                + text("grpo-2"), "b=" + text("grpo-3"), "--figure", "accuracy/held_out", "--figure", "loss/train",
                "--json").out()).path("runs");
        assertEquals(4, document.size());
        assertEquals("b", document.get(2).path("run").asString());
        assertEquals(0.65, document.get(2).path("last").asDouble(), 1e-12);
        assertEquals(50, document.get(2).path("tokens").asDouble());
        assertFalse(document.get(0).has("last_low"));
        assertTrue(document.get(2).has("last_low"));
    }

    @Test
    void errorsSayWhatIsExpected() throws Exception {
        assertTrue(run(ExitCode.USAGE, "report", text("grpo-1"), "-f", "accuracy").err()
                .contains("there is no accuracy; the runs have accuracy/held_out"));
        assertTrue(run(ExitCode.USAGE, "report", text("grpo-1"), text("texts"), "-f", "accuracy/held_out").err()
                .contains("texts: no step has the figure accuracy/held_out"));
        assertTrue(run(ExitCode.USAGE, "report", text("grpo-1"), text("texts"), "--x", "tokens").err()
                .contains("some runs generate tokens"));
        assertTrue(run(ExitCode.USAGE, "report", text("texts"), "-o", text("chart.png")).err()
                .contains("neither with .svg nor with .html"));
        assertTrue(run(ExitCode.USAGE, "report", text("texts"), "--until", "much").err()
                .contains("'much' is not a number"));
        assertTrue(run(ExitCode.BAD_FILE, "report", text("nothing")).err().contains("is missing"));
        assertTrue(run(ExitCode.USAGE, "report").err().contains("RUN is missing"));
        assertTrue(run(ExitCode.OK, "report", text("texts")).out().contains("loss/train"));
    }

    @Test
    void lastValuesOverASetting() throws Exception {
        for (int width : new int[] {64, 8}) {
            for (String rate : new String[] {"0.01", "0.001"}) {
                write("w" + width + "-" + rate, Map.of("optimizer.learning_rate", rate), Map.of("accuracy/x", 0.1),
                        width * Double.parseDouble(rate));
            }
        }
        Path chart = path("over.svg");
        TestConsole console = run(ExitCode.OK, "report", text("w64-0.01"), text("w64-0.001"), text("w8-0.01"),
                text("w8-0.001"), "--over", "optimizer.learning_rate", "--figure", "accuracy/held_out", "--json", "-o",
                chart.toString());
        JsonNode runs = JsonMapper.shared().readTree(console.out()).path("runs");
        assertEquals("w8", runs.get(0).path("run").asString());
        assertEquals(0.001, runs.get(0).path("optimizer.learning_rate").asDouble());
        assertEquals(0.64, runs.get(3).path("accuracy/held_out").asDouble(), 1e-9);
        assertTrue(Files.readString(chart).contains(">w64<"), chart.toString());
        assertTrue(run(ExitCode.USAGE, "report", text("texts"), "--over", "steps").err()
                .contains("has steps '' and 0 values of loss/validation"));
    }
}
