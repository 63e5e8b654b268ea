package glia.cli.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Converses through standard input with the model that is shipped with the program.
class ChatTest {
    private static final String[] GREEDY = {"chat", "stories260K", "--temperature", "0", "--max-tokens", "6"};

    private static TestConsole chat(String typed, String... words) {
        TestConsole console = new TestConsole(typed);
        assertEquals(0, console.run(words.length == 0 ? GREEDY : words), console::err);
        return console;
    }

    @Test
    void answersEachLineUntilThereAreNoMore() {
        String once = chat("Once upon a\n").out();
        assertTrue(once.startsWith("time, there was"), once);
        assertEquals(1, once.lines().count());
        assertEquals(2, chat("Once upon a\n\n  \nOne day\n").out().lines().count());
        assertEquals("", chat("").out());
        assertEquals("", chat("/exit\nOnce upon a\n").out());
        assertEquals("", chat("/bye\nOnce upon a\n").out());
    }

    @Test
    void longMessagesMayHaveSeveralLines() {
        String joined = chat("\"\"\"\nOnce\n upon a\n\"\"\"\n").out();
        assertEquals(joined, chat("Once\\\n upon a\n").out());
        assertEquals(1, joined.lines().count());
    }

    @Test
    void resetBeginsAnew() {
        String out = chat("Once upon a\n/stats\n/reset\n/stats\nOnce upon a\n").out();
        assertTrue(out.indexOf("messages     2\n") < out.indexOf("messages     0\n"), out);
        assertEquals(out.lines().findFirst(), out.lines().reduce((first, last) -> last));
    }

    @Test
    void setChangesAndShowsHowAnswersAreMade() {
        TestConsole console = chat("/set max-tokens 2\n/set temperature 1.5\n/set stop XYZ\n/set\n/set top-q 1\n"
                + "/set top-k\n/set top-p 3\n/set top-p 0\n");
        assertTrue(console.out().contains("temperature         1.5\n"), console.out());
        assertTrue(console.out().contains("max-tokens          2\n"), console.out());
        assertTrue(console.out().contains("stop                XYZ\n"), console.out());
        assertTrue(console.err().contains("There is no 'top-q' to set; /set shows all\n"), console.err());
        assertTrue(console.err().contains("top-k needs a value: /set top-k N\n"), console.err());
        assertTrue(console.err().contains("'--top-p': a number from 0 to 1 is expected, not '3'\n"), console.err());
        assertTrue(console.err().contains("top-p: found 0.0, expected more than 0"), console.err());
    }

    @Test
    void aWrongValueChangesNothing() {
        assertTrue(chat("/set top-p 0\n/set\n").out().contains("top-p               0.95\n"));
        assertTrue(chat("/set top-p 0\n/set temperature 0.5\n/set\n").out().contains("temperature         0.5\n"));
    }

    @Test
    void systemIsShownAndChanged() {
        TestConsole console = chat("/system\n/system Be brief.\n/system\n");
        assertEquals("(none)\nBe brief.\n", console.out());
        assertEquals("As told.\n", chat("/system\n", "chat", "stories260K", "--system", "As told.").out());
    }

    @Test
    void aFullContextDropsTheOldestExchange(@TempDir Path folder) throws Exception {
        Path saved = folder.resolve("saved.md");
        TestConsole console = chat("Once upon a\nOne day\n" + "a b c ".repeat(9) + "\n/save " + saved
                + "\n/stats\n/save " + saved + "\n", "chat", "stories260K", "--temperature", "0", "--context", "12");
        assertTrue(console.err().contains("The context of 12 tokens is full."), console.err());
        assertTrue(console.err().contains("Dropped the oldest exchange to fit the context of 12 tokens.\n"),
                console.err());
        assertTrue(console.err().contains("No answer: the prompt has "), console.err());
        assertTrue(console.out().contains("messages     2\n"), console.out());
        String text = Files.readString(saved);
        assertTrue(text.startsWith("## user\n\nOne day\n\n## assistant\n\n"), text);
        assertTrue(console.err().contains("Not saved: "), console.err());
    }

    @Test
    void unknownCommandsAreNotMessages() {
        TestConsole console = chat("/halp\n/qqq\n/help\n/stats\n");
        assertTrue(console.err().contains("There is no command /halp; did you mean /help? /help shows"), console.err());
        assertTrue(console.err().contains("There is no command /qqq; /help shows them all.\n"), console.err());
        assertTrue(console.out().contains("/set [NAME VALUE]"), console.out());
        assertTrue(console.out().contains("so do /bye and Ctrl-D"), console.out());
        assertTrue(console.out().contains("context   0 of 512 tokens\n"), console.out());
    }
}
