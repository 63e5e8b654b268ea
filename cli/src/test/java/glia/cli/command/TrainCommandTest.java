package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class TrainCommandTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("text.txt"), "to be or not to be\n".repeat(40));
        Files.writeString(folder.resolve("recipe.yaml"), """
                model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 32}}
                tokenizer: {train: characters}
                data: {train: text.txt}
                batch: {context: 16, sequences: 2}
                steps: 3
                sample: {every: 2, prompts: ["to"], tokens: 4}
                """);
    }

    private String recipe() {
        return folder.resolve("recipe.yaml").toString();
    }

    private String output() {
        return "output=" + folder.resolve("run");
    }

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), console::err);
        return console;
    }

    @Test
    void aRecipeIsTrainedAndTheModelRuns() {
        TestConsole console = run(ExitCode.OK, "train", recipe(), output());
        assertTrue(console.err().contains("step 3/3") && console.err().contains("The model is in"), console.err());
        assertTrue(console.err().contains("step 2: \"to\" →"), console.err());
        run(ExitCode.OK, "run", folder.resolve("run/model").toString(), "to", "--max-tokens", "3");
        assertTrue(run(ExitCode.BAD_FILE, "train", recipe(), output()).err().contains("--resume"));
        TestConsole more = run(ExitCode.OK, "train", recipe(), output(), "steps=5", "--resume", "--json");
        JsonNode json = JsonMapper.shared().readTree(more.out());
        assertEquals(5, json.path("steps").asInt());
        assertTrue(json.path("completed").asBoolean());
        assertFalse(more.err().contains("step 2/5"), more.err());
    }

    @Test
    void aDryRunTellsWhatIsNeededAndWritesNothing() {
        TestConsole console = run(ExitCode.OK, "train", recipe(), output(), "--dry-run", "--json");
        JsonNode json = JsonMapper.shared().readTree(console.out());
        assertEquals(32, json.path("tokens_per_step").asInt());
        assertEquals(96, json.path("tokens").asInt());
        assertTrue(json.path("seconds").asDouble() > 0);
        assertTrue(json.path("peak_memory_bytes").asLong() > 4 * json.path("parameters").asLong());
        assertFalse(Files.exists(folder.resolve("run")));
        assertTrue(run(ExitCode.OK, "train", recipe(), output(), "--dry-run").out().contains("estimated time"));
    }

    @Test
    void recipesAndKeysAreExplained() {
        assertTrue(run(ExitCode.OK, "train", "--list").out().contains("nano"));
        String all = run(ExitCode.OK, "train", "--explain").out();
        assertTrue(all.contains("optimizer.weight_decay: number from 0 to 1000 (default: 0.1)"), all);
        String some = run(ExitCode.OK, "train", "--explain", "adapter").out();
        assertTrue(some.contains("adapter.rank") && !some.contains("optimizer.name"), some);
        assertTrue(run(ExitCode.OK, "train", "--explain", "loss.mask_share").out().contains("; for task: mask\n"));
        assertTrue(run(ExitCode.OK, "train", "--explain", "rl.group").out().contains("; for task: rl\n"));
        assertTrue(run(ExitCode.USAGE, "train", "--explain", "adaptr").err().contains("Did you mean"));
    }

    /// A rate that makes the weights infinite: the message names step and tensor, and is no internal error.
    @Test
    void aLossThatIsNotFiniteEndsTheRun() {
        String err = run(ExitCode.FAILED, "train", recipe(), output(), "steps=50", "optimizer.name=sgd",
                "optimizer.learning_rate=1000", "optimizer.clip=.inf", "schedule.name=constant").err();
        assertTrue(err.lines().anyMatch(line -> line.matches("glia: step \\d+: the loss is .*not finite.*; try a "
                + "smaller learning rate.*")), err);
        assertTrue(err.contains("--resume continues from the last one") && !err.contains("internal error"), err);
        String skipped = run(ExitCode.FAILED, "train", recipe(), output(), "steps=50", "optimizer.name=sgd",
                "optimizer.learning_rate=1000", "optimizer.clip=.inf", "schedule.name=constant", "--force",
                "bad_numbers=skip").err();
        assertTrue(skipped.contains("none of the last 10 losses was finite"), skipped);
    }

    @Test
    void aRecipeIsExplainedByItsKeysAndValues() throws IOException {
        String own = run(ExitCode.OK, "train", "--explain", recipe(), "steps=7").out();
        assertTrue(own.contains("  steps: 7 (whole number from 1") && own.contains("number of updates"), own);
        assertTrue(own.contains("  model.new: {\"family\":\"llama\",\"hidden\":32"), own);
        assertFalse(own.contains("optimizer.") || own.contains("batch.accumulate"), own);
        String shipped = run(ExitCode.OK, "train", "--explain", "lora-demo").out();
        assertTrue(shipped.contains("  adapter.rank: 8 (whole number from 1 to 65536; default: 8)"), shipped);
        // A section and a recipe have this name: both are shown.
        String both = run(ExitCode.OK, "train", "--explain", "distill").out();
        assertTrue(both.contains("  distill.kind: logits, text, on_policy or minillm (default: logits)"), both);
        assertTrue(both.contains("recipe distill") && both.contains("  data.packing: documents ("), both);
        String stages = run(ExitCode.OK, "train", "--explain", "reasoner").out();
        assertTrue(stages.contains("recipe reasoner-drills") && stages.contains("recipe reasoner-rl"), stages);
        JsonNode json = JsonMapper.shared().readTree(
                run(ExitCode.OK, "train", "--explain", recipe(), "--json").out());
        assertEquals("{\"train\":\"characters\"}", "{\"train\":" + json.valueStream()
                .filter(k -> k.path("key").asString().equals("tokenizer.train")).findFirst().orElseThrow().path("value")
                + "}");
        assertTrue(run(ExitCode.BAD_FILE, "train", "--explain", "missing.yaml").err().contains("there is no such"));
        Files.writeString(folder.resolve("recipe.yaml"), "stepz: 3\n");
        assertTrue(run(ExitCode.BAD_FILE, "train", "--explain", recipe()).err().contains("line 1: key stepz"));
    }

    @Test
    void mistakesAreNamedWithTheirPlace() throws IOException {
        assertTrue(run(ExitCode.USAGE, "train").err().contains("RECIPE is missing"));
        assertTrue(run(ExitCode.BAD_FILE, "train", "nan").err().contains("Did you mean nano?"));
        assertTrue(run(ExitCode.USAGE, "train", recipe(), "stepz=1").err().contains("Did you mean steps?"));
        assertTrue(run(ExitCode.USAGE, "train", recipe(), "--resume", "--force").err().contains("give one of them"));
        Files.writeString(folder.resolve("text.txt"), "ab\ncd");
        String short1 = run(ExitCode.BAD_FILE, "train", recipe(), output()).err();
        assertTrue(short1.contains("text.txt") || short1.contains("tokens"), short1);
        Files.write(folder.resolve("text.txt"), new byte[] {'a', '\n', (byte) 0xff, 'b'});
        String bytes = run(ExitCode.BAD_FILE, "train", recipe(), output()).err();
        assertTrue(bytes.contains("text.txt") && bytes.contains("line 2"), bytes);
        assertFalse(Files.exists(folder.resolve("run")));
    }
}
