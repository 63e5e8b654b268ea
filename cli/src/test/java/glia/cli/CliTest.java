package glia.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.args.Option;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.regex.Pattern;
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
        List<String> names = new ArrayList<>(commands());
        names.addAll(List.of("show", "download", "rm", "remove"));
        for (String name : names) {
            if (opensModels(name) || !commands().contains(name)) {
                assertTrue(unix.contains(" " + name + " |") || unix.contains("| " + name + ")"), name);
                assertTrue(windows.matches("(?s).*in \\([^)]*\\b" + name + "\\b[^)]*\\) do if \"%known%\".*"), name);
                numFound++;
            }
        }
        assertEquals(25 + 4, numFound);
    }

    /// Whether a command, or one of a group, has the option `--model`.
    private boolean opensModels(String name) {
        String help = outputOf(name + " --help");
        return help.contains("--model MODEL") || Pattern.compile("(?ms)^Commands:\n(.*?)^$").matcher(help).results()
                .flatMap(found -> found.group(1).lines()).map(String::strip).filter(line -> !line.isEmpty())
                .anyMatch(line -> outputOf(name + " " + line.split(" ")[0] + " --help").contains("--model MODEL"));
    }

    @Test
    void groupsHaveCommandsOfTheirOwn() {
        String help = outputOf("models remove --help");
        assertTrue(help.contains("Usage: glia models remove [OPTIONS] NAME\n"), help);
        assertEquals(help, outputOf("help models remove"));
        assertTrue(outputOf("models --help").matches("(?s).*\nCommands:\n  remove +Remove a model from the cache\n"
                + "  clear .*"),
                outputOf("models --help"));
        assertEquals(ExitCode.USAGE, run("models remvoe"));
        assertEquals("glia: glia models has no command 'remvoe'; did you mean 'remove'?\n"
                + "glia models --help shows its options\n", console.err());
    }

    @Test
    void unknownHelpTopicsAreUsageErrors() {
        for (String line : List.of("help nonsense", "nonsense --help", "help models nonsense",
                "models nonsense --help")) {
            assertTrue(errorOf(line).contains(" no command 'nonsense'"), line);
        }
        assertEquals("glia: there is no command 'rnu'; did you mean 'run'?\nglia --help lists the commands\n",
                errorOf("help rnu"));
        assertEquals(outputOf("models remove --help"), outputOf("help rm"));
    }

    @Test
    void aliasesAreTheirCommands() {
        String[][] aliases = {{"models", "list", "ls"}, {"models remove", "rm", "remove"}, {"inspect", "show"},
            {"pull", "download"}};
        for (String[] names : aliases) {
            String help = outputOf(names[0] + " --help");
            for (int i = 1; i < names.length; i++) {
                assertEquals(help, outputOf(names[i] + " --help"));
                assertTrue(help.contains("glia " + names[i]), help);
            }
        }
        assertEquals("glia: NAME is missing: name in the list of glia models\n"
                + "glia models remove --help shows its options\n", errorOf("rm"));
        assertEquals(outputOf("--version"), outputOf("-v"));
        assertTrue(errorOf("version").contains("did you mean '--version'?"));
    }

    @Test
    void namesOfOtherProgramsAreSuggestions() {
        String[][] names = {{"--n-predict", "--max-tokens"}, {"--max_tokens", "--max-tokens"},
            {"--ctx-size", "--context"}, {"--system-prompt", "--system"}, {"--repeat-penalty", "--repetition-penalty"}};
        for (String[] name : names) {
            assertTrue(errorOf("run x " + name[0] + " 1").startsWith("glia: glia run has no option '" + name[0]
                    + "'; did you mean " + name[1] + "?\n"), name[0]);
        }
    }

    @Test
    void everyCommandHasAnExample() {
        for (String name : commands()) {
            String help = outputOf(name + " --help");
            assertTrue(help.contains("\nExamples:\n  $ ") && help.contains("glia " + name), help);
        }
    }

    @Test
    void helpFitsNarrowTerminals() {
        for (int width : new int[] {40, 80}) {
            for (String name : commands()) {
                TestConsole narrow = new TestConsole("", width);
                assertEquals(ExitCode.OK, narrow.run(name, "--help"));
                assertTrue(narrow.out().lines().allMatch(line -> line.length() <= width), narrow::out);
            }
        }
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
                + "glia --help lists the commands\n", console.err());
        assertEquals("", console.out());
        assertTrue(errorOf("rnu x").startsWith("glia: there is no command 'rnu'; did you mean 'run'?\n"));
        assertTrue(errorOf("zzz").startsWith("glia: there is no command 'zzz'\n"));
        assertEquals("glia: glia models remove has no option '--jsno'; did you mean --json?\n"
                + "glia models remove --help shows its options\n", errorOf("models remove --jsno x"));
        assertTrue(errorOf("--color").startsWith("glia: there is no option '--color'\nglia --help lists"));
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
    void theDocumentListsTheExitCodesOfTheHelp() throws Exception {
        String table = ExitCode.MEANINGS.stream()
                .map(meaning -> "| " + meaning.code() + " | " + meaning.text() + " |\n").collect(Collectors.joining());
        assertTrue(Files.readString(Path.of("../docs/exit-codes.md")).contains("|---|---|\n" + table));
        assertEquals(ExitCode.class.getFields().length - 1, ExitCode.MEANINGS.size());
    }

    /// The commands of the help text.
    private static List<String> commands() {
        String help = outputOf("--help");
        return help.substring(help.indexOf("Use models:"), help.indexOf("Options:")).lines()
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

    /// A letter stands for one long name, in all commands.
    @Test
    void aLetterMeansOneThing() {
        Map<String, Set<String>> meanings = new TreeMap<>();
        for (Option<?> option : new Cli(new TestConsole("").console()).allOptions()) {
            option.names().stream().filter(name -> name.length() == 2)
                    .forEach(letter -> meanings.computeIfAbsent(letter, key -> new TreeSet<>()).add(option.name()));
        }
        meanings.forEach((letter, names) -> assertEquals(1, names.size(), letter + " means " + names));
        assertEquals("[--context]", meanings.get("-c").toString());
        assertEquals("[--max-tokens]", meanings.get("-n").toString());
        assertEquals("[--prompt]", meanings.get("-p").toString());
        assertEquals("[--seed]", meanings.get("-s").toString());
    }

    @Test
    void theLettersOfBeforeAreAcceptedWithANote() {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run("tasks", "sample", "countdown:2", "-n", "3"));
        assertEquals(3, console.out().lines().filter(line -> line.contains("make")).count(), console.out());
        assertEquals("glia: -n is deprecated here, since it means another option in other commands: use --limit\n",
                console.err());
        TestConsole help = new TestConsole("");
        help.run("tasks", "sample", "--help");
        assertFalse(help.out().contains("-n"), help.out());
    }

    @Test
    void theListOfCommandsIsGroupedByPurpose() {
        String help = outputOf("--help");
        assertFalse(help.contains("\nCommands:"), help);
        assertTrue(help.indexOf("\nUse models:") < help.indexOf("\nServe models:"), help);
        assertTrue(help.matches("(?s).*\nServe models:\n  serve .*\n  stop .*\nTrain models:\n  train .*"), help);
        String recipes = outputOf("train --list");
        assertFalse(recipes.contains("Other recipes"), recipes);
        assertTrue(recipes.matches("(?s)Adapt a model to your data\n.*\nlora .*"), recipes);
    }
}
