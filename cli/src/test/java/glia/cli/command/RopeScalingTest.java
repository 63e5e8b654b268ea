package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The options `--rope-scaling`, `--rope-scale` and `--rope-original-context`.
class RopeScalingTest {
    @TempDir
    Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static double perplexity(Path text, String... more) {
        List<String> words = new ArrayList<>(List.of("perplexity", "stories260K", text.toString(), "--windows", "1",
                "--json"));
        words.addAll(List.of(more));
        return JsonTree.parse(run(ExitCode.OK, words.toArray(String[]::new)).out()).path("perplexity").asDouble();
    }

    /// A factor of 1 changes nothing; a larger one changes the result, and allows what was refused.
    @Test
    void aLongerContextIsRead() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), "Once upon a time, there was a little girl.\n"
                .repeat(100));
        assertEquals(perplexity(text, "-c", "128"), perplexity(text, "-c", "128", "--rope-scaling", "linear",
                "--rope-scale", "1"));
        assertNotEquals(perplexity(text, "-c", "128"), perplexity(text, "-c", "128", "--rope-scaling", "linear",
                "--rope-scale", "2"));
        assertTrue(run(ExitCode.USAGE, "perplexity", "stories260K", text.toString(), "-c", "600").err()
                .contains("at most 512"));
        assertTrue(perplexity(text, "-c", "600", "--rope-scaling", "yarn", "--rope-scale", "4") > 1);
        assertTrue(run(ExitCode.USAGE, "perplexity", "stories260K", text.toString(), "-c", "600", "--rope-scaling",
                "yarn", "--rope-scale", "4", "--rope-original-context", "100").err().contains("at most 512"));
    }

    @Test
    void inspectShowsTheContext() {
        String shown = run(ExitCode.OK, "inspect", "stories260K", "--rope-scaling", "yarn", "--rope-scale", "4").out();
        assertTrue(shown.contains("2048 tokens") && shown.contains("scaled by Yarn"), shown);
    }

    @Test
    void whatIsMissingIsNamed() {
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "a", "--rope-scaling", "yarn").err()
                .contains("--rope-scaling needs --rope-scale F"));
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "a", "--rope-scale", "2").err()
                .contains("--rope-scale needs --rope-scaling TYPE"));
        assertTrue(run(ExitCode.USAGE, "chat", "stories260K", "--rope-scaling", "spiral", "--rope-scale", "2").err()
                .contains("longrope"));
        assertTrue(run(ExitCode.USAGE, "inspect", "stories260K", "--rope-scaling", "longrope", "--rope-scale", "2")
                .err().contains("longrope needs a factor for each frequency"));
    }
}
