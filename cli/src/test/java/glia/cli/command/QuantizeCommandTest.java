package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class QuantizeCommandTest {
    private static final String STORY = "Once upon a time, there was a little girl named Lily. ";

    @TempDir Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    @Test
    void aQuantizedModelStillTellsTheStory() throws Exception {
        Path out = folder.resolve("stories.gguf");
        TestConsole made = run(ExitCode.OK, "quantize", "stories260K", "Q6_K", "-o", out.toString());
        assertEquals(out + "\n", made.out());
        // Rows of 64 numbers do not fill blocks of 256.
        assertTrue(made.err().contains("rows that do not fill the type's blocks: Q8_0"), made.err());
        assertTrue(run(ExitCode.OK, "run", out.toString(), "-p", "Once upon a", "--temperature", "0", "--max-tokens",
                "6").out().startsWith("time, there was"));
        String json = run(ExitCode.OK, "quantize", "stories260K", "q4_k_m", "-o", out.toString(), "--force", "--json")
                .out();
        assertTrue(json.contains("\"tensors\":{\"F32\":11,") && json.contains("\"Q5_0\":"), json);
        assertTrue(run(ExitCode.BAD_FILE, "quantize", out.toString(), "q4_0", "-o", folder.resolve("b.gguf").toString())
                .err().contains("is quantized already"));
        run(ExitCode.OK, "quantize", out.toString(), "q4_0", "-o", folder.resolve("b.gguf").toString(),
                "--requantize");
    }

    @Test
    void aTextGivesTheImportanceMatrix() throws Exception {
        Path text = Files.writeString(folder.resolve("text.txt"), STORY.repeat(60));
        Path plain = folder.resolve("plain.gguf");
        Path weighted = folder.resolve("weighted.gguf");
        run(ExitCode.OK, "quantize", "stories260K", "q4_0", "-o", plain.toString());
        String warning = run(ExitCode.OK, "quantize", "stories260K", "q4_0", "-o", weighted.toString(), "--imatrix",
                text.toString(), "--windows", "1").err();
        assertTrue(warning.contains("text.txt: the importance matrix is measured over 512 tokens only"), warning);
        Files.writeString(text, STORY.repeat(600));
        assertFalse(run(ExitCode.OK, "quantize", "stories260K", "q4_0", "-o", weighted.toString(), "--imatrix",
                text.toString(), "--windows", "8", "--force").err().contains("tokens only"));
        assertNotEquals(-1, Files.mismatch(plain, weighted));
        assertTrue(run(ExitCode.BAD_FILE, "quantize", "stories260K", "q4_0", "-o", folder.resolve("c.gguf").toString(),
                "--imatrix", plain.toString()).err().contains("expected an importance matrix"));
    }

    @Test
    void wrongWordsAreUsageErrors() {
        String out = folder.resolve("x.gguf").toString();
        assertTrue(run(ExitCode.USAGE, "quantize", "stories260K", "iq1_s", "-o", out).err()
                .contains("'iq1_s' is a type that Glia reads but does not write; the nearest is iq2_xxs"));
        assertTrue(run(ExitCode.USAGE, "quantize", "stories260K", "q9", "-o", out).err()
                .contains("'q9' is not one of f32, f16"));
        assertTrue(run(ExitCode.USAGE, "quantize", "stories260K", "q2_k_s", "-o", out).err()
                .contains("needs an importance matrix"));
        assertTrue(run(ExitCode.USAGE, "quantize", "stories260K", "q4_0", "-o", "x").err().contains("ends with .gguf"));
    }
}
