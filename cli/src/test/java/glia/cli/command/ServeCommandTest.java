package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Command lines of servers that are refused before anything is loaded.
class ServeCommandTest {
    @TempDir
    private Path folder;

    private static void assertRefused(String expected, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.USAGE, console.run(words), console::err);
        assertTrue(console.err().contains(expected), console.err());
    }

    @Test
    void namesOfAdaptersAreUniqueAndCanBeRequested() throws Exception {
        String adapter = Files.createDirectory(folder.resolve("adapter")).toString();
        Files.writeString(folder.resolve("adapter/adapter_config.json"), "{}");
        Files.write(folder.resolve("adapter/adapter_model.safetensors"), new byte[8]);
        for (String name : List.of("latest", "m:latest", "m:", "m: ")) {
            assertRefused("expected a word other than latest", "serve", "m=reasoner", "--adapter",
                    name + "=" + adapter);
        }
        assertRefused("the name m:a is taken", "serve", "m=reasoner", "--adapter", "a=" + adapter, "--adapter",
                "m:a=" + adapter);
        assertRefused("the name m:a is taken", "serve", "m=reasoner", "m:a=reasoner", "--adapter", "a=" + adapter);
        assertRefused("there is no model n; found m", "serve", "m=reasoner", "--adapter", "n:a=" + adapter);
    }

    /// Ranks have parts of one model.
    @Test
    void ranksServeOneModel() {
        assertRefused("--tensor: found 2 models, expected one", "serve", "a=reasoner", "b=reasoner", "--tensor", "2");
        assertRefused("--tensor does not take --any-model", "serve", "reasoner", "--any-model", "--tensor", "2");
        assertRefused("--tensor: found 3, expected 1, 2, 4 or 8", "serve", "reasoner", "--tensor", "3");
    }
}
