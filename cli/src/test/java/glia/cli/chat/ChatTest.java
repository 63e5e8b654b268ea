package glia.cli.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.awt.image.BufferedImage;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Chats through standard input with the model that is part of the program.
class ChatTest {
    private static final String[] GREEDY = {"chat", "stories260K", "--temperature", "0", "--max-tokens", "6"};

    private static TestConsole chat(String typed, String... words) {
        return chat(ExitCode.OK, typed, words.length == 0 ? GREEDY : words);
    }

    private static TestConsole chat(int exitCode, String typed, String... words) {
        TestConsole console = new TestConsole(typed);
        assertEquals(exitCode, console.run(words), console::err);
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
        assertEquals("", chat("/quit\nOnce upon a\n").out());
    }

    @Test
    void longMessagesMayHaveSeveralLines() {
        String joined = chat("\"\"\"\nOnce\n upon a\n\"\"\"\n").out();
        assertEquals(joined, chat("Once\\\n upon a\n").out());
        assertEquals(1, joined.lines().count());
    }

    @Test
    void clearStartsOver() {
        String out = chat("Once upon a\n/stats\n/clear\n/stats\nOnce upon a\n").out();
        assertTrue(out.indexOf("messages     2\n") < out.indexOf("messages     0\n"), out);
        assertEquals(out.lines().findFirst(), out.lines().reduce((first, last) -> last));
    }

    @Test
    void setChangesAndShowsGenerationOptions() {
        TestConsole console = chat("/set max-tokens 2\n/set temperature 1.5\n/set stop XYZ\n/set\n/set top-q 1\n"
                + "/set top-k\n/set top-p 3\n/set top-p 0\n");
        assertTrue(console.out().contains("temperature         1.5\n"), console.out());
        assertTrue(console.out().contains("max-tokens          2\n"), console.out());
        assertTrue(console.out().contains("stop                XYZ\n"), console.out());
        assertTrue(console.err().contains("no option 'top-q'. Did you mean top-k or top-p? /set lists them.\n"),
                console.err());
        assertTrue(console.err().contains("top-k needs a value: /set top-k N\n"), console.err());
        assertTrue(console.err().contains("top-p: 3 is not between 0 (exclusive) and 1\n"), console.err());
        assertTrue(console.err().contains("top-p: 0 is not between 0 (exclusive) and 1\n"), console.err());
    }

    @Test
    void aWrongValueChangesNothing() {
        assertTrue(chat("/set top-p 0\n/set\n").out().contains("top-p               0.95\n"));
        assertTrue(chat("/set top-p 0\n/set temperature 0.5\n/set\n").out().contains("temperature         0.5\n"));
    }

    @Test
    void stopStringsAndTheSeedAreUnset() {
        String[] words = {"chat", "stories260K", "--stop", "a", "--seed", "7"};
        for (String unset : new String[] {"/set stop none\n/set seed random\n", "/set stop\n/set seed none\n",
            "/stop\n/seed random\n", "/stop none\n/seed none\n"}) {
            String out = chat("/set\n" + unset + "/set\n", words).out();
            assertTrue(chat(unset, words).err().contains("Unset stop.\nUnset seed.\n"), unset);
            assertTrue(out.matches("(?s).*seed +7\nstop +a\n.*seed +\\(random\\)\nstop +\\(none\\)\n.*"), out);
        }
        assertTrue(chat("/temperature 0.5\n/set\n").out().contains("temperature         0.5\n"));
        assertTrue(chat("/temperature 0.5\n").err().contains("Set temperature to 0.5.\n"));
        assertTrue(chat("/temp x\n").err().contains("temp: 'x' is not a number\n"));
    }

    @Test
    void undoRemovesTheLastExchange() {
        TestConsole console = chat("Once upon a\nOne day\n/undo\n/stats\n/undo\n/undo\n/stats\n");
        assertTrue(console.out().matches("(?s).*messages +2\n.*messages +0\n.*"), console.out());
        assertTrue(console.err().contains("Removed: One day\nRemoved: Once upon a\nThere is no message to remove.\n"),
                console.err());
    }

    @Test
    void regenerateAnswersAgain() {
        TestConsole console = chat("/regenerate\nOnce upon a\n/regenerate\n/max-tokens 2\n/retry\n/stats\n");
        assertTrue(console.err().contains("There is no message to answer.\n"), console.err());
        String[] lines = console.out().split("\n");
        assertEquals(lines[0], lines[1]);
        assertTrue(lines[0].startsWith(lines[2]) && lines[2].length() < lines[0].length(), console.out());
        assertTrue(console.out().contains("messages     2\n"), console.out());
    }

    @Test
    void savedChatsAreLoaded(@TempDir Path folder) {
        String file = folder.resolve("chat.json").toString();
        String straight = chat("/system Lily.\nOnce upon a\nOne day\n").out();
        chat("/system Lily.\nOnce upon a\n/save " + file + "\n");
        TestConsole loaded = chat("/load " + file + "\n/system\nOne day\n");
        assertEquals("Lily.\n" + straight.lines().skip(1).findFirst().orElseThrow() + "\n", loaded.out());
        assertTrue(loaded.err().contains("Loaded 3 messages.\n"), loaded.err());
        String none = chat("/load " + file + "x\n/load\n/load " + folder + "\n").err();
        assertTrue(none.contains("Not loaded: there is no file " + file + "x.\n/load needs the name"), none);
        assertEquals(2, none.split("Not loaded: ", -1).length - 1, none);
    }

    @Test
    void systemIsShownAndChanged() {
        TestConsole console = chat("/system\n/system Be brief.\n/system\n");
        assertEquals("(none)\nBe brief.\n", console.out());
        assertEquals("Be brief.\n", chat("/system\n", "chat", "stories260K", "--system", "Be brief.").out());
    }

    @Test
    void aFullContextDropsTheOldestExchange(@TempDir Path folder) throws Exception {
        Path saved = folder.resolve("saved.json");
        TestConsole console = chat(ExitCode.USAGE, "Once upon a\nOne day\n" + "a b c ".repeat(9) + "\n/save " + saved
                + "\n/stats\n/save " + saved + "\n", "chat", "stories260K", "--temperature", "0", "--context", "12");
        assertTrue(console.err().contains("The context of 12 tokens is full."), console.err());
        assertTrue(console.err().contains("Dropped the oldest exchange to fit the context of 12 tokens: Once upon a\n"),
                console.err());
        assertTrue(console.err().contains("No answer: the prompt has "), console.err());
        assertTrue(console.out().contains("messages     2\n"), console.out());
        String text = Files.readString(saved);
        assertFalse(text.contains("\"Once upon a\""), text);
        assertTrue(text.contains("\"One day\""), text);
        assertTrue(console.err().contains("Not saved: "), console.err());
    }

    @Test
    void aPromptThatIsTooLongIsAUsageError() {
        TestConsole console = chat(ExitCode.USAGE, "Once upon a time there was a girl\nOnce\n", "chat", "stories260K",
                "--context", "8", "--max-tokens", "2");
        assertTrue(console.err().contains("No answer: the prompt has "), console.err());
        assertEquals(1, console.out().lines().count(), "the next message has its answer");
    }

    @Test
    void unknownCommandsAreNotMessages() {
        TestConsole console = chat("/halp\n/qqq\n/help\n/stats\n");
        assertTrue(console.err().contains("There is no command /halp; did you mean /help? /help shows"), console.err());
        assertTrue(console.err().contains("There is no command /qqq; /help shows them all.\n"), console.err());
        assertTrue(console.out().contains("/set [NAME VALUE]"), console.out());
        assertTrue(console.out().contains("leave, as Ctrl-D does (also: /exit, /bye)"), console.out());
        assertTrue(console.out().contains("context   0 of 512 tokens\n"), console.out());
    }

    @Test
    void thinkingIsShownAfterwards() {
        String question = "Use 3, 7 and 11 to make 32.\n";
        TestConsole console = chat("/thinking\n" + question + "/thinking\n/thinking on\n" + question
                + "/thinking off\n/thinking maybe\n", "chat", "reasoner");
        assertEquals(3, console.out().lines().filter(line -> line.contains("3*7+11") && !line.contains("=")).count()
                + console.out().lines().filter(line -> line.contains("3*7=21")).count() - 1, console.out());
        assertTrue(console.err().contains("There is no answer yet.\n"), console.err());
        assertTrue(console.err().contains("Thinking is shown.\n"), console.err());
        assertTrue(console.err().contains("Thinking is folded; /thinking shows the last one.\n"), console.err());
        assertTrue(console.err().contains("takes on or off, or nothing; found 'maybe'"), console.err());
    }

    @Test
    void helpListsAllCommands() {
        String help = chat("/help\n").out();
        for (String name : ChatCommands.names()) {
            assertTrue(help.replaceAll("\\s+", " ").matches(".*" + name + "[ ,)].*"), () -> name + " in " + help);
        }
    }

    private static String picture(Path folder, String name) throws Exception {
        BufferedImage image = new BufferedImage(40, 30, BufferedImage.TYPE_INT_RGB);
        Path file = folder.resolve(name);
        ImageIO.write(image, "png", file.toFile());
        return file.toString();
    }

    /// By a command, and by paths as terminals write them for dropped files.
    @Test
    void picturesBelongToTheNextMessage(@TempDir Path folder) throws Exception {
        String cat = picture(folder, "a cat.png");
        String dog = picture(folder, "dog.png");
        String model = Path.of("../engine/src/test/resources/golden-pictures/qwen2_vl").toString();
        // The picture that is missing makes the chat's exit code.
        TestConsole console = chat(ExitCode.USAGE, "/image " + cat + "\nWhat's this?\n/stats\n"
                + cat.replace(" ", "\\ ") + "\nIt's?\n'"
                + cat + "' \"" + dog + "\" Both?\nIs " + dog + " it?\n/image " + folder + "/none.png\n/save "
                + folder + "/chat.json\n/stats\n", "chat", model, "--temperature", "0", "--max-tokens", "3");
        String notes = console.err();
        assertEquals(5, notes.split("40 x 30 pixels", -1).length - 1, notes);
        assertTrue(notes.contains("Not added: " + folder + "/none.png: there is no such file."), notes);
        String saved = Files.readString(folder.resolve("chat.json"));
        assertEquals(5, saved.split("data:image/png;base64,", -1).length - 1, saved);
        assertTrue(saved.contains("Is  it?"), saved);
        TestConsole stories = chat(ExitCode.USAGE, dog + "\n", GREEDY);
        assertTrue(stories.err().contains("this model reads no pictures"), stories.err());
    }
}
