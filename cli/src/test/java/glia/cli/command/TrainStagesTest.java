package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.file.Folders;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// A new model in two stages, the second of which starts from the result of the first.
class TrainStagesTest {
    @TempDir
    private Path folder;

    @BeforeEach
    void write() throws IOException {
        Files.writeString(folder.resolve("text.txt"), "to be or not to be\n".repeat(40));
        Files.writeString(folder.resolve("first.yaml"), """
                output: FOLDER/first
                model: {new: {family: llama, hidden: 32, layers: 1, heads: 2, context: 32}}
                tokenizer: {train: characters}
                data: {train: text.txt}
                batch: {context: 16, sequences: 2}
                steps: 2
                """.replace("FOLDER", folder.toString()));
        Files.writeString(folder.resolve("second.yaml"), """
                output: FOLDER/second
                model: {path: FOLDER/first/model}
                data: {train: text.txt}
                batch: {context: 16, sequences: 2}
                steps: 3
                """.replace("FOLDER", folder.toString()));
        Files.writeString(folder.resolve("both.yaml"), "stages: [first.yaml, second.yaml]\n");
    }

    private TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        String[] all = new String[words.length + 2];
        all[0] = "train";
        all[1] = folder.resolve("both.yaml").toString();
        System.arraycopy(words, 0, all, 2, words.length);
        assertEquals(exitCode, console.run(all), console::err);
        return console;
    }

    private static JsonNode stages(TestConsole console) {
        return JsonMapper.shared().readTree(console.out()).path("stages");
    }

    @Test
    void stagesRunInOrderAndThoseThatAreCompleteAreSkipped() throws Exception {
        TestConsole console = run(ExitCode.OK, "--json");
        assertTrue(console.err().contains("Stage 1 of 2: first") && console.err().contains("Stage 2 of 2: second"),
                console.err());
        assertEquals("[2,3]", StreamSupport.stream(stages(console).spliterator(), false)
                .map(stage -> stage.path("steps").asInt()).toList().toString().replace(" ", ""));
        TestConsole again = run(ExitCode.OK, "--json");
        assertTrue(again.err().contains("Stage 2 of 2: second, complete in " + folder.resolve("second")), again.err());
        assertFalse(again.err().contains("Training"), again.err());
        assertTrue(stages(again).get(1).path("skipped").asBoolean());

        // The second stage was interrupted.
        Folders.delete(folder.resolve("second/model"));
        assertTrue(run(ExitCode.BAD_FILE).err().contains("continue it with --resume"));
        TestConsole resumed = run(ExitCode.OK, "--resume", "second.steps=5");
        assertTrue(resumed.err().contains("for 2 steps into " + folder.resolve("second")), resumed.err());
        // It did not begin.
        Folders.delete(folder.resolve("second"));
        assertTrue(run(ExitCode.OK, "--resume").err().contains("for 3 steps into " + folder.resolve("second")));
        TestConsole replaced = run(ExitCode.OK, "--force", "steps=1");
        assertTrue(replaced.err().contains("for 1 steps into " + folder.resolve("first")), replaced.err());
        assertTrue(replaced.err().contains("for 1 steps into " + folder.resolve("second")), replaced.err());
    }

    @Test
    void aDryRunMeasuresStagesWhoseModelIsNotThereYet() {
        JsonNode stages = stages(run(ExitCode.OK, "--dry-run", "--json", "second.batch.sequences=3"));
        assertEquals(32, stages.get(0).path("tokens_per_step").asInt());
        assertEquals(48, stages.get(1).path("tokens_per_step").asInt());
        assertEquals(stages.get(0).path("parameters").asLong(), stages.get(1).path("parameters").asLong());
        assertFalse(Files.exists(folder.resolve("first")));
        String tables = run(ExitCode.OK, "--dry-run").out();
        assertTrue(tables.startsWith("first\n") && tables.contains("\n\nsecond\n"), tables);
    }
}
