package glia.cli.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PipedInputStream;
import java.io.PipedOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.ExternalTerminal;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// Types keys at a virtual terminal with the line discipline of a real one.
@Timeout(60)
class TerminalInputTest {
    private static final String CTRL_C = "\u0003";
    private static final String CTRL_D = "\u0004";
    private static final String UP = "\033OA";

    @TempDir Path folder;
    private final TestConsole console = new TestConsole("");
    private final PipedOutputStream keyboard = new PipedOutputStream();
    private final ByteArrayOutputStream screen = new ByteArrayOutputStream();
    private TerminalInput input;

    @BeforeEach
    void openTerminal() throws IOException {
        Terminal terminal = new ExternalTerminal("test", "xterm", new PipedInputStream(keyboard),
                screen, StandardCharsets.UTF_8);
        input = new TerminalInput(terminal, console.console(), folder.resolve("glia/history"), ChatCommands.names());
    }

    @AfterEach
    void closeTerminal() {
        input.close();
    }

    private void type(String keys) throws IOException {
        keyboard.write(keys.getBytes(StandardCharsets.UTF_8));
        keyboard.flush();
    }

    /// The next message. In each pair of texts, the second is typed when the screen shows the first: a signal before
    /// the editor waits for keys is lost.
    private String next(String... pairs) throws Exception {
        screen.reset();
        CompletableFuture<String> message = CompletableFuture.supplyAsync(input::next);
        for (int i = 0; i < pairs.length; i += 2) {
            while (!screen.toString(StandardCharsets.UTF_8).contains(pairs[i])) {
                TimeUnit.MILLISECONDS.sleep(5);
            }
            screen.reset();
            type(pairs[i + 1]);
        }
        return message.get();
    }

    @Test
    void messagesAreEditedAndKeptInTheHistory() throws Exception {
        type("hello worlx\bd, grüße 😀!\r");
        assertEquals("hello world, grüße 😀!", input.next());
        type("don't \"stop\" !here\r");
        assertEquals("don't \"stop\" !here", input.next());
        type(UP + UP + "\r");
        assertEquals("hello world, grüße 😀!", input.next());
        type("/sta\t\r");
        assertEquals("/stats", input.next().strip());
    }

    @Test
    void messagesMayHaveSeveralLines() throws Exception {
        type("one \\\rtwo\r");
        assertEquals("one \ntwo", input.next());
        type("\"\"\"three\rfour\"\"\"\r");
        assertEquals("three\nfour", input.next());
    }

    @Test
    void ctrlDLeaves() throws Exception {
        assertNull(next("> ", CTRL_D));
    }

    @Test
    void ctrlCClearsTheLineAndLeavesOnlyWhenRepeated() throws Exception {
        assertEquals("hello", next("> ", "half typed", "typed", CTRL_C, "> ", CTRL_C, "> ", "hello\r"));
        assertTrue(console.out().contains("Ctrl-C again"), console.out());
        assertNull(next("> ", CTRL_C, "> ", CTRL_C));
    }

    @Test
    void ctrlCStopsAnAnswerAndNothingElse() throws Exception {
        AtomicBoolean stopped = new AtomicBoolean();
        CompletableFuture<Void> signal = new CompletableFuture<>();
        input.beginAnswer(() -> {
            stopped.set(true);
            signal.complete(null);
        });
        assertFalse(stopped.get());
        type(CTRL_C);
        signal.get();
        input.endAnswer();
        assertEquals("next", next("> ", "next\r"));
    }
}
