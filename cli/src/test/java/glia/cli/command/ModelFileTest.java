package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.args.Arguments;
import glia.cli.args.Program;
import glia.cli.args.Syntax;
import glia.cli.option.GenerationFlags;
import glia.engine.GenerationOptions;
import glia.io.CheckpointException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ModelFileTest {
    @TempDir Path folder;

    private static Arguments arguments(String... words) {
        List<String> all = new ArrayList<>(List.of("serve"));
        all.addAll(List.of(words));
        return new Program(new Syntax("glia", "All", List.of(), List.of()),
                List.of(new ServeCommand(() -> "1").syntax()),
                Map.of(), () -> "1").parse(all, new TestConsole("").console()).orElseThrow().arguments();
    }

    private ModelFile read(String yaml, String... words) throws IOException {
        return ModelFile.read(Files.writeString(folder.resolve("helper.yaml"), yaml), arguments(words));
    }

    @Test
    void theFileSaysWhatTheCommandLineLeavesOpen() throws IOException {
        Files.createDirectory(folder.resolve("adapter"));
        ModelFile file = read("""
                model: owner/name
                adapter: adapter
                system: |
                  Answer in
                  one sentence.
                temperature: 0.25
                top_k: 7
                max-tokens: 50
                stop: [A, "\\n"]
                """, "--top-k", "9");
        assertEquals("helper", file.name());
        assertEquals("owner/name", file.model());
        assertEquals("Answer in\none sentence.\n", file.system().orElseThrow());
        assertEquals(folder.resolve("adapter").toString(), file.adapter().orElseThrow());
        GenerationOptions options = GenerationFlags.of(file.options(), GenerationOptions.defaults());
        assertEquals(0.25f, options.sampling().temperature());
        assertEquals(9, options.sampling().topK());
        assertEquals(50, options.maxTokens());
        assertEquals(List.of("A", "\n"), options.stops());
    }

    /// The same file is a model of `glia run` and `glia chat`.
    @Test
    void modelsOfFilesAnswerInTheTerminal() throws IOException {
        Path file = Files.writeString(folder.resolve("story.yaml"), "model: stories260K\ntemperature: 0\n"
                + "max-tokens: 3\nsystem: Be short.\n");
        TestConsole console = new TestConsole("");
        assertEquals(0, console.run("run", file.toString(), "Once upon a", "--raw"), console::err);
        TestConsole plain = new TestConsole("");
        assertEquals(0, plain.run("run", "stories260K", "Once upon a", "--raw", "--temp", "0", "-n", "3"), plain::err);
        assertEquals(plain.out(), console.out());
        TestConsole chat = new TestConsole("Once upon a\n");
        assertEquals(0, chat.run("chat", file.toString(), "--max-tokens", "2"), chat::err);
        assertTrue(chat.out().split("\\s+").length < 4, chat.out());
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "name: x                        | key model: is missing",
        "model: a,temperatur: 1         | line 2: key temperatur: is unknown. Did you mean temperature?",
        "model: a,system: b,top-p: 3    | line 3: key top-p: 3 is not between 0 (exclusive) and 1",
        "model: a,temperature: [1]      | line 2: key temperature: found a list",
        "model: a,model: b              | line 2",
        "model: [1]                     | line 1: key model"})
    void errorsNameTheLine(String lines, String expected) {
        String message = assertThrows(CheckpointException.class, () -> read(lines.replace(',', '\n'))).getMessage();
        assertTrue(message.contains(expected), message);
    }
}
