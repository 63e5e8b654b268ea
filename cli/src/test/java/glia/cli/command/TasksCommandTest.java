package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.reason.run.WilsonInterval;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TasksCommandTest {
    @TempDir private Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static JsonNode json(int exitCode, String... words) {
        return JsonMapper.shared().readTree(run(exitCode, words).out());
    }

    @Test
    void tasksAreListed() {
        String list = run(ExitCode.OK, "tasks", "list").out();
        assertEquals(list, run(ExitCode.OK, "tasks").out());
        assertTrue(list.startsWith("task "), list);
        JsonNode tasks = json(ExitCode.OK, "tasks", "list", "--json").path("tasks");
        Set<String> names = new HashSet<>();
        for (JsonNode task : tasks) {
            names.add(task.path("name").asString());
            assertTrue(list.contains(task.path("summary").asString()));
            assertTrue(task.path("default_level").asInt() <= task.path("levels").size());
            assertFalse(task.path("example").asString().isEmpty());
        }
        assertTrue(names.containsAll(Set.of("arithmetic", "linear", "quadratic", "countdown", "sorting", "deduction",
                "ordering", "strings", "programs", "word-problems")), names.toString());
    }

    /// Whatever fields the problems of a task have.
    @Test
    void samplesSayWhatTheirPicturesShow() {
        assertTrue(run(ExitCode.OK, "tasks", "sample", "shapes", "-n", "1").out().matches(
                "(?s).*\\[picture of 48 x 48 pixels: (large|small) .+ at the .+].*"));
        assertTrue(run(ExitCode.OK, "tasks", "sample", "captions", "-n", "1").out().matches(
                "(?s).*\\[picture of 24 x 24 pixels: a .+ at the .+ on .+].*"));
        assertTrue(run(ExitCode.OK, "tasks", "sample", "tones", "-n", "1").out().matches(
                "(?s).*\\[picture of 24 x 24 pixels: a .+ tone, .+].*"));
    }

    @Test
    void samplesAreTheSameEachTimeAndDisjointBetweenSplits() throws Exception {
        String[] train = {"tasks", "sample", "countdown", "--count", "40", "--seed", "3", "--json"};
        JsonNode problems = json(ExitCode.OK, train).path("problems");
        assertEquals(problems, json(ExitCode.OK, train).path("problems"));
        Set<String> hashes = new HashSet<>();
        for (JsonNode problem : problems) {
            assertTrue(problem.path("prompt").asString().matches("Use \\d+, \\d+ and \\d+ to make \\d+\\."));
            assertTrue(problem.path("hash").asString().matches("[0-9a-f]{64}"));
            assertTrue(problem.path("hash").asString().compareTo("33") >= 0);
            assertEquals(3, problem.path("numbers").size());
            hashes.add(problem.path("hash").asString());
        }
        Path file = folder.resolve("problems.jsonl");
        assertEquals("Wrote 50 problems to " + file + "\n", run(ExitCode.OK, "tasks", "sample", "countdown", "-n", "50",
                "--split", "held-out", "--seed", "3", "--level", "1-5", "--jsonl", file.toString()).out());
        List<String> lines = Files.readAllLines(file);
        assertEquals(50, lines.size());
        for (String line : lines) {
            JsonNode problem = JsonMapper.shared().readTree(line);
            assertTrue(problem.path("hash").asString().compareTo("33") < 0);
            assertFalse(hashes.contains(problem.path("hash").asString()));
            assertTrue(problem.path("id").asString().startsWith("countdown/1-5/held-out/3/"));
        }
        assertTrue(run(ExitCode.BAD_FILE, "tasks", "sample", "countdown", "--jsonl", file.toString()).err()
                .contains("--force overwrites it"));
        String text = run(ExitCode.OK, "tasks", "sample", "quadratic", "--start", "7", "-n", "1").out();
        assertTrue(text.matches("quadratic/1/train/0/7\n  Solve x\\^2.* = 0\\.\n  answer: x = .*\n"), text);
    }

    @Test
    void splitsHaveNothingInCommon() {
        JsonNode splits = json(ExitCode.OK, "tasks", "splits", "quadratic", "countdown", "-n", "300", "--json")
                .path("splits");
        assertEquals(2, splits.size());
        for (JsonNode split : splits) {
            assertEquals(600, split.path("problems").asInt());
            assertTrue(split.path("train_instances").asInt() > split.path("held_out_instances").asInt());
            assertTrue(split.path("held_out_instances").asInt() > 20);
            assertEquals(0, split.path("instances_in_both").asInt());
            assertEquals(0, split.path("prompts_in_both").asInt());
        }
    }

    private static String line(String id, String completion) {
        return JsonMapper.shared().writeValueAsString(Map.of("id", id, "completion", completion));
    }

    @Test
    void completionsAreScoredWithIntervals() throws Exception {
        List<String> lines = new ArrayList<>();
        JsonNode problems = json(ExitCode.OK, "tasks", "sample", "quadratic", "-n", "20", "--split", "held-out",
                "--json")
                .path("problems");
        for (int i = 0; i < problems.size(); i++) {
            String id = problems.get(i).path("id").asString();
            String answer = problems.get(i).path("answer").asString();
            lines.add(line(id, i % 4 == 0 ? "<think>" + answer : i % 4 == 1 ? "x = 99" : "<think>…</think>" + answer));
        }
        Path file = Files.write(folder.resolve("answers.jsonl"), lines);
        Path samples = folder.resolve("results.jsonl");
        JsonNode result = json(ExitCode.OK, "tasks", "score", "quadratic", file.toString(), "--json", "--samples",
                samples.toString());
        assertEquals(20, result.path("completions").asInt());
        assertEquals(15, result.path("answered").asInt());
        assertEquals(10, result.path("right").asInt());
        assertEquals(0.5, result.path("accuracy").asDouble());
        // Problems of one prompt are one trial.
        int prompts = Set.copyOf(problems.findValuesAsString("prompt")).size();
        assertTrue(prompts < 20);
        assertEquals(WilsonInterval.of(prompts / 2.0, prompts).low(), result.path("low").asDouble(), 1e-12);
        assertEquals(WilsonInterval.of(prompts / 2.0, prompts).high(), result.path("high").asDouble(), 1e-12);
        assertEquals("held-out", result.path("groups").get(0).path("split").asString());
        assertEquals(20, Files.readAllLines(samples).size());
        String table = run(ExitCode.OK, "tasks", "score", "quadratic", file.toString()).out();
        assertTrue(table.matches("(?s)split +level +.*held-out +1 +20 +15 +10 +0\\.5000 +0\\.2612 to 0\\.7388 +"
                + "\\d+ of " + prompts + "\n"), table);
    }

    @Test
    void linesThatCannotBeScoredAreReported() throws Exception {
        Path file = Files.writeString(folder.resolve("a.jsonl"), String.join("\n", line("countdown/1/train/0/0", "7"),
                "no json", line("quadratic/1/train/0/0", "7"), line("countdown/9/train/0/0", "7"), "{\"id\": 5}",
                "{\"id\": \"countdown/1/train/0/1\"}", "{\"id\": \"countdown/1/train/0/1\", \"completion\": 5}",
                line("countdown/1/train/0/2", "1+1"), line("countdown/1/train/0/2/", "1+1"), ""));
        TestConsole console = run(ExitCode.BAD_FILE, "tasks", "score", "countdown", file.toString());
        for (String part : List.of("a.jsonl: line 2",
                "line 3: id: found 'quadratic/1/train/0/0', which is a problem of",
                "line 4: id: found the level 9, but countdown has the levels 1 to 5", "line 5: id: found 5, expected a",
                "line 6: found no key \"completion\"", "line 7: completion: found 5, expected a string",
                "line 9: id: 'countdown/1/train/0/2/' is not the id of a problem")) {
            assertTrue(console.err().contains(part), part + " in " + console.err());
        }
        assertTrue(console.out().contains("7 lines not scored"), console.out());
        JsonNode result = json(ExitCode.BAD_FILE, "tasks", "score", "countdown", file.toString(), "--json");
        assertEquals(2, result.path("completions").asInt());
        assertEquals(7, result.path("errors").size());
    }

    /// A folder can be opened and never be read, so the command must not go on with its next line.
    @Test
    @Timeout(120)
    void foldersAreNoFiles() {
        String error = run(ExitCode.BAD_FILE, "tasks", "score", "countdown", folder.toString()).err();
        assertTrue(error.contains("cannot be read") && error.lines().count() == 1, error);
    }

    @Test
    void wrongCommandLinesAreNamed() {
        assertTrue(run(ExitCode.USAGE, "tasks", "smple").err().contains("did you mean 'sample'?"));
        assertTrue(run(ExitCode.USAGE, "tasks", "sample", "countdwn").err().contains("Did you mean countdown?"));
        assertTrue(run(ExitCode.USAGE, "tasks", "sample").err().contains("NAME is missing"));
        assertTrue(run(ExitCode.USAGE, "tasks", "sample", "countdown", "--level", "9").err().contains("levels 1 to 5"));
        assertTrue(run(ExitCode.USAGE, "tasks", "sample", "countdown", "--split", "tests").err()
                .contains("'tests' is not a split"));
        assertTrue(run(ExitCode.USAGE, "tasks", "sample", "countdown", "--start", "-1").err().contains("not an index"));
        run(ExitCode.BAD_FILE, "tasks", "score", "countdown", folder.resolve("none.jsonl").toString());
        run(ExitCode.USAGE, "tasks", "splits", "countdwn");
    }

    @Test
    void tracesAreTrainingData() throws Exception {
        Path file = folder.resolve("traces.jsonl");
        String text = run(ExitCode.OK, "tasks", "traces", "countdown", "-n", "60", "-o", file.toString(), "--stats",
                "--quality", "random,ordered", "--verify", "0.5").out();
        assertTrue(text.startsWith("Wrote 60 traces to " + file + "\nstrategy "), text);
        assertTrue(text.contains("\nall ") && text.contains(" different characters: "), text);
        List<String> lines = Files.readAllLines(file);
        assertEquals(60, lines.size());
        for (String line : lines) {
            JsonNode messages = JsonMapper.shared().readTree(line).path("messages");
            assertEquals("user", messages.get(0).path("role").asString());
            assertTrue(messages.get(0).path("content").asString().startsWith("Use "));
            assertEquals("assistant", messages.get(1).path("role").asString());
            assertTrue(messages.get(1).path("content").asString().matches("(?s)<think>\n.*</think>\n[\\d()+*-]+"));
        }
        JsonNode result = json(ExitCode.OK, "tasks", "traces", "countdown", "-n", "60", "-o", file.toString(),
                "--force",
                "--quality", "random,ordered", "--verify", "0.5", "--format", "text", "--json");
        assertEquals(60, result.path("count").asInt());
        assertEquals(2, result.path("strategies").size());
        assertTrue(result.path("verified").asInt() > 0 && result.path("right").asInt() < 60);
        int longest = 0;
        for (String line : Files.readAllLines(file)) {
            longest = Math.max(longest, JsonMapper.shared().readTree(line).path("text").asString().length());
        }
        assertEquals(longest, result.path("length_max").asInt());
        assertTrue(run(ExitCode.OK, "tasks", "traces", "quadratic", "-n", "1", "--quality", "pruned").out()
                .matches("(?s)Solve .*\\.\n<think>\nsum .*</think>\nx = .*"));
    }

    @Test
    void drillsAreTrainingData() throws Exception {
        Path file = folder.resolve("drills.jsonl");
        assertEquals("Wrote 7 documents of 10 calculations to " + file + "\n", run(ExitCode.OK, "tasks", "traces",
                "drills", "-n", "7", "--level", "2", "--format", "text", "-o", file.toString()).out());
        for (String line : Files.readAllLines(file)) {
            assertTrue(JsonMapper.shared().readTree(line).path("text").asString()
                    .matches("(-?\\d+[+*-]-?\\d+=-?\\d+\n){10}"), line);
        }
        run(ExitCode.OK, "tasks", "traces", "drills", "-n", "7", "--force", "-o", file.toString());
        assertEquals(20, JsonMapper.shared().readTree(Files.readAllLines(file).getFirst()).path("messages").size());
        assertTrue(run(ExitCode.USAGE, "tasks", "traces", "drills", "--quality", "random").err().contains("no effect"));
        assertTrue(run(ExitCode.USAGE, "tasks", "traces", "drills", "--level", "4").err().contains("levels 1 to 3"));
        assertTrue(run(ExitCode.USAGE, "tasks", "traces", "countdown", "--quality", "rndom").err()
                .contains("Did you mean random?"));
        assertTrue(run(ExitCode.USAGE, "tasks", "traces", "countdown", "--format", "text").err().contains("--output"));
    }
}
