package glia.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.command.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class CliTest {
    private final TestConsole console = new TestConsole("");

    private int run(String line) {
        return console.run(line.isEmpty() ? new String[0] : line.split(" "));
    }

    @Test
    void withoutWordsItShowsItsHelp() {
        assertEquals(ExitCode.OK, run(""));
        String help = console.out();
        assertTrue(help.startsWith("Glia loads and runs language models\n"), help);
        assertEquals("", console.err());
        assertEquals(help, outputOf("--help"));
        assertEquals(help, outputOf("-h"));
        assertEquals(help, outputOf("help"));
    }

    @Test
    void everyCommandHasHelpInBothWays() {
        assertTrue(commands().size() > 10, commands()::toString);
        for (String name : commands()) {
            String own = outputOf(name + " --help");
            assertTrue(own.contains("Usage: glia " + name), own);
            assertEquals(own, outputOf("help " + name));
            assertTrue(own.lines().allMatch(text -> text.length() <= 100), own);
        }
    }

    @Test
    void theLaunchersKnowWhichCommandsOpenModels() throws Exception {
        String unix = Files.readString(Path.of("../glia"));
        String windows = Files.readString(Path.of("../glia.cmd"));
        int numFound = 0;
        for (String name : commands()) {
            if (outputOf(name + " --help").contains("MODEL")) {
                assertTrue(unix.contains(" " + name + " |") || unix.contains("| " + name + ")"), name);
                assertTrue(windows.matches("(?s).*in \\([^)]*\\b" + name + "\\b[^)]*\\) do if \"%known%\".*"), name);
                numFound++;
            }
        }
        assertEquals(11, numFound);
    }

    @Test
    void groupsHaveCommandsOfTheirOwn() {
        String help = outputOf("models remove --help");
        assertTrue(help.contains("Usage: glia models remove [OPTIONS] NAME\n"), help);
        assertEquals(help, outputOf("help models remove"));
        assertTrue(outputOf("models --help").contains("Commands:\n  remove  Remove a model from the cache\n"));
        assertEquals(ExitCode.USAGE, run("models remvoe"));
        assertEquals("glia: glia models has no command 'remvoe'; did you mean 'remove'?\n"
                + "glia models --help shows what there is\n", console.err());
    }

    @Test
    void theVersionIsTheOneOfTheBuild() {
        String version = outputOf("--version");
        assertTrue(version.matches("glia \\d+\\.\\d+\\.\\d+ \\(JDK 2\\d.*\\)\n"), version);
    }

    @Test
    void unknownWordsAreUsageErrorsWithASuggestion() {
        assertEquals(ExitCode.USAGE, run("complettion"));
        assertEquals("glia: there is no command 'complettion'; did you mean 'completion'?\n"
                + "glia --help shows what there is\n", console.err());
        assertEquals("", console.out());
        assertTrue(errorOf("rnu x").startsWith("glia: there is no command 'rnu'; did you mean 'run'?\n"));
        assertTrue(errorOf("zzz").startsWith("glia: there is no command 'zzz'\n"));
        assertEquals("glia: glia models remove has no option '--jsno'; did you mean --json?\n"
                + "glia models remove --help shows what there is\n", errorOf("models remove --jsno x"));
        assertTrue(errorOf("--color").startsWith("glia: there is no option '--color'\nglia --help shows"));
        assertEquals(ExitCode.USAGE, new TestConsole("").run("completion"));
        assertEquals(ExitCode.USAGE, new TestConsole("").run("completion", "tcsh"));
    }

    @Test
    void debugAddsTheStackTrace() {
        assertEquals(ExitCode.USAGE, run("--debug nothing"));
        assertTrue(console.err().contains("\tat glia.cli.Cli."), console.err());
        assertEquals(ExitCode.OK, new TestConsole("").run("--debug"));
    }

    @Test
    void theDocumentNamesTheExitCodesAsTheHelpDoes() throws Exception {
        String table = ExitCode.MEANINGS.stream()
                .map(meaning -> "| " + meaning.code() + " | " + meaning.words() + " |\n").collect(Collectors.joining());
        assertTrue(Files.readString(Path.of("../docs/exit-codes.md")).contains("|---|---|\n" + table));
        assertEquals(ExitCode.class.getFields().length - 1, ExitCode.MEANINGS.size());
    }

    /// The commands that the help text shows.
    private static List<String> commands() {
        String help = outputOf("--help");
        return help.substring(help.indexOf("Commands:"), help.indexOf("Options:")).lines().skip(1)
                .filter(line -> line.matches("  \\S.*")).map(line -> line.strip().split(" ")[0]).toList();
    }

    private static String errorOf(String line) {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.USAGE, console.run(line.split(" ")));
        return console.err();
    }

    private static String outputOf(String line) {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run(line.split(" ")), console::err);
        assertEquals("", console.err());
        return console.out();
    }
}
