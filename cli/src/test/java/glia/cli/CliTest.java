package glia.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.command.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
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
        assertTrue(help.startsWith("Glia loads and runs language models.\n"), help);
        assertEquals("", console.err());
        assertEquals(help, outputOf("--help"));
        assertEquals(help, outputOf("-h"));
        assertEquals(help, outputOf("help"));
    }

    @Test
    void everyCommandHasHelpInBothWays() {
        String help = outputOf("--help");
        String commands = help.substring(help.indexOf("Commands:"), help.indexOf("Options:"));
        for (String line : commands.lines().skip(1).filter(line -> line.matches("  \\S.*")).toList()) {
            String name = line.strip().split("  ")[0];
            String own = outputOf(name + " --help");
            assertTrue(own.contains("Usage: glia " + name), own);
            assertEquals(own, outputOf("help " + name));
            assertTrue(own.lines().allMatch(text -> text.length() <= 100), own);
        }
    }

    @Test
    void theLaunchersKnowWhichCommandsCompute() throws Exception {
        String unix = Files.readString(Path.of("../glia"));
        String windows = Files.readString(Path.of("../glia.cmd"));
        int numFound = 0;
        for (String name : outputOf("completion bash").split("1\\*\\) words='")[1].split("'")[0].split(" ")) {
            if (!name.startsWith("-") && !name.equals("help") && outputOf(name + " --help").contains("--kernels")) {
                assertTrue(unix.contains(" " + name + " |") || unix.contains("| " + name + ")"), name);
                assertTrue(windows.matches("(?s).*in \\([^)]*\\b" + name + "\\b[^)]*\\) do if \"%known%\".*"), name);
                numFound++;
            }
        }
        assertEquals(5, numFound);
    }

    @Test
    void theVersionIsTheOneOfTheBuild() {
        String version = outputOf("--version");
        assertTrue(version.matches("glia \\d+\\.\\d+\\.\\d+ \\(JDK 2\\d.*\\)\n"), version);
    }

    @Test
    void unknownWordsAreUsageErrorsWithASuggestion() {
        assertEquals(ExitCode.USAGE, run("complettion"));
        assertEquals("glia: glia has no command 'complettion'; did you mean 'completion'?\n"
                + "glia --help shows what there is\n", console.err());
        assertEquals("", console.out());
        assertEquals(ExitCode.USAGE, new TestConsole("").run("--color"));
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

    private static String outputOf(String line) {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run(line.split(" ")), console::err);
        assertEquals("", console.err());
        return console.out();
    }
}
