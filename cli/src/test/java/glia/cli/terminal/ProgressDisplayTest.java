package glia.cli.terminal;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class ProgressDisplayTest {
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private final Console console = Console.plain(InputStream.nullInputStream(),
            new PrintStream(OutputStream.nullOutputStream()), new PrintStream(err, true, StandardCharsets.UTF_8));
    private long nanos;

    private ProgressDisplay display(boolean bars) {
        return new ProgressDisplay(console, bars, () -> nanos);
    }

    private String text() {
        return err.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aTerminalGetsABarUntilTheNextStep() {
        ProgressDisplay display = display(true);
        display.step("Pulling");
        display.advance("model.gguf", 0, 100_000_000);
        nanos = 2_000_000_000L;
        display.advance("model.gguf", 50_000_000, 100_000_000);
        display.step("Done");
        assertEquals("Pulling\n"
                + "\r\033[K  model.gguf  [---------------]   0 %  0.0/100.0 MB"
                + "\r\033[K  model.gguf  [#######--------]  50 %  50.0/100.0 MB  25.0 MB/s  2 s left"
                + "\r\033[KDone\n", text().replace(System.lineSeparator(), "\n"));
    }

    @Test
    void theSpeedOfAResumedFileCountsOnlyNewBytes() {
        ProgressDisplay display = display(true);
        display.advance("a.very.long.file.name.of.a.model.gguf", 90, 100);
        nanos = 1_000_000_000L;
        display.advance("a.very.long.file.name.of.a.model.gguf", 95, 100);
        display.close();
        assertEquals("  a.very.…l.gguf  [##############-]  95 %  95/100 B  5 B/s  1 s left",
                text().split("\r\033\\[K")[2]);
    }

    @Test
    void anUnknownTotalHasNoBar() {
        ProgressDisplay display = display(true);
        display.advance("x", 1500, -1);
        assertEquals("\r\033[K  x  1.5 kB", text());
    }

    @Test
    void noLineIsWiderThanASmallTerminal() {
        ProgressDisplay display = display(true);
        long whole = 999_900_000_000L;
        for (long done = 0; done <= whole; done += whole / 100) {
            nanos += 1_999_999_999L;
            display.advance("x".repeat(100), done, whole);
        }
        for (String line : text().split("\r\033\\[K")) {
            assertTrue(line.length() <= 79, line);
        }
    }

    @Test
    void withoutATerminalThereAreOnlySteps() {
        ProgressDisplay display = display(false);
        display.step("Pulling");
        display.advance("x", 1, 2);
        display.close();
        assertEquals("Pulling", text().strip());
    }
}
