package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The options of structured output, with models that would not write such answers by themselves.
class FormFlagsTest {
    private static final String SCHEMA = """
            {"type": "object", "properties": {"name": {"type": "string", "maxLength": 9},
            "age": {"type": "integer", "minimum": 3, "maximum": 99}, "tall": {"type": "boolean"}},
            "required": ["name", "age"], "additionalProperties": false}""";
    private static final String EQUATION = "Solve x^2 - 5x + 6 = 0.";

    @TempDir
    Path folder;

    private static TestConsole run(int exitCode, String model, String prompt, String... more) {
        TestConsole console = new TestConsole("");
        String[] words = Stream.concat(Stream.of("run", model, prompt), Arrays.stream(more)).toArray(String[]::new);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String story(String... more) {
        return run(ExitCode.OK, "stories260K", "Once upon a", more).out();
    }

    private static JsonNode json(String prompt, String... more) {
        String[] words = Stream.concat(Arrays.stream(more), Stream.of("--json")).toArray(String[]::new);
        return JsonMapper.shared().readTree(run(ExitCode.OK, "reasoner", prompt, words).out());
    }

    private String file(String name, String text) throws Exception {
        return Files.writeString(folder.resolve(name), text).toString();
    }

    private static void requireValid(String text) {
        JsonNode answer = JsonMapper.shared().readTree(text);
        assertTrue(answer.isObject() && answer.path("name").isString() && answer.path("age").isIntegralNumber(), text);
        String name = answer.path("name").asString();
        assertTrue(name.codePointCount(0, name.length()) <= 9, text);
        assertTrue(answer.path("age").asInt() >= 3 && answer.path("age").asInt() <= 99, text);
        assertTrue(Set.of("name", "age", "tall").containsAll(answer.propertyNames()), text);
        assertTrue(answer.path("tall").isMissingNode() || answer.path("tall").isBoolean(), text);
    }

    @Test
    void answersAreValidByTheSchema() throws Exception {
        String file = file("person.json", SCHEMA);
        for (int seed = 0; seed < 5; seed++) {
            requireValid(story("--json-schema", seed % 2 == 0 ? SCHEMA : file, "--seed",
                    Integer.toString(seed), "--frequency-penalty", "2"));
        }
        requireValid(story("--json-schema", SCHEMA, "--raw", "--seed", "2", "--frequency-penalty", "2"));
        requireValid(json("17+25=", "--json-schema", SCHEMA, "--effort", "instant", "--frequency-penalty",
                "2").path("text").asString());
    }

    @Test
    void patternsChoicesAndGrammars() throws Exception {
        assertTrue(story("--regex", "[A-Z]{3}-\\d{2}").matches("[A-Z]{3}-[0-9]{2}\n"));
        List<String> choices = List.of("yes\n", "no, never\n");
        assertTrue(choices.contains(story("--choice", "yes", "--choice", "no, never")));
        assertEquals("no, never\n", story("--choice", "no, never"));
        String gbnf = file("list.gbnf", "root ::= item (\", \" item){2}\nitem ::= [0-9]{1,3} \"€\"\n");
        assertTrue(story("--grammar", gbnf).matches("[0-9]{1,3}€(, [0-9]{1,3}€){2}\n"));
        String lark = file("list.LARK", "start: \"<\" WORD \">\"\nWORD: /[a-z]{2,5}/\n");
        assertTrue(story("--grammar", lark).matches("<[a-z]{2,5}>\n"));
    }

    /// The thinking is that of the free answer.
    @Test
    void theGrammarBeginsAfterTheThinking() {
        JsonNode free = json(EQUATION);
        JsonNode formed = json(EQUATION, "--regex", "x := [0-9]");
        assertFalse(free.path("thinking").asString().isEmpty());
        assertEquals(free.path("thinking"), formed.path("thinking"));
        assertTrue(formed.path("text").asString().matches("x := [0-9]"), formed.toString());
        assertEquals("stop", formed.path("finish").asString());
        JsonNode limited = json(EQUATION, "--regex", "x := [0-9]", "--thinking-budget", "9");
        assertEquals(9, limited.path("thinking_tokens").asInt());
        assertTrue(limited.path("text").asString().matches("x := [0-9]"), limited.toString());
    }

    /// Each answer of a chat has the form, after its options have changed too.
    @Test
    void chatsHaveTheSameOptions() throws Exception {
        TestConsole console = new TestConsole("Once upon a\nThe cat\n/temperature 1.5\nOne day\n/retry\n");
        assertEquals(ExitCode.OK, console.run("chat", "stories260K", "--regex", "[A-Z]{3}-[0-9]{2}"), console::err);
        assertTrue(console.out().matches("([A-Z]{3}-[0-9]{2}\n){4}"), console.out());
        console = new TestConsole(EQUATION + "\n2+2=\n");
        assertEquals(ExitCode.OK, console.run("chat", "reasoner", "--choice", "x := 2"), console::err);
        assertEquals("x := 2\nx := 2\n", console.out());
        console = new TestConsole("");
        assertEquals(ExitCode.USAGE, console.run("chat", "stories260K", "--regex", "(a)\\1"));
        assertTrue(console.err().startsWith("glia: --regex: a back-reference"), console.err());
    }

    @Test
    void aVocabularyThatCannotWriteTheFormIsAnError() {
        assertEquals("glia: no token of the model's vocabulary continues the text as the grammar requires\n",
                run(ExitCode.USAGE, "reasoner", EQUATION, "--choice", "é", "--effort", "instant").err());
    }

    @Test
    void anAnswerThatIsCutOffIsAnError() {
        TestConsole cut = run(ExitCode.FAILED, "stories260K", "Once", "--json-schema", SCHEMA, "-n", "3");
        assertTrue(cut.err().contains("glia: the answer does not have its form: it is cut off at --max-tokens; "),
                cut::err);
        TestConsole json = run(ExitCode.FAILED, "stories260K", "Once", "--regex", "[a-z]{40}", "-n", "3", "--json");
        assertEquals("length", JsonMapper.shared().readTree(json.out()).path("finish").asString());
        run(ExitCode.OK, "stories260K", "Once", "--regex", "[a-z]*", "-n", "3");
        TestConsole stopped = run(ExitCode.FAILED, "stories260K", "Once", "--choice", "one, two", "--stop", ",");
        assertTrue(stopped.err().contains("cut off at a stop string"), stopped::err);
        TestConsole chat = new TestConsole("Once\n");
        assertEquals(ExitCode.FAILED, chat.run("chat", "stories260K", "--regex", "[a-z]{40}", "-n", "3"), chat::err);
    }

    private static String error(int exitCode, String... more) {
        return run(exitCode, "stories260K", "x", more).err().lines().findFirst().orElse("");
    }

    @Test
    void errorsNameTheOptionAndThePlace() throws Exception {
        assertEquals("glia: --json-schema: #/properties/a/uniqueItems: 'uniqueItems' of items other than up to 10 "
                        + "scalars is not supported",
                error(ExitCode.USAGE, "--json-schema",
                        "{\"properties\": {\"a\": {\"type\": \"array\", \"uniqueItems\": true}}}"));
        String cut = file("cut.json", "{\"type\":\n\"arr");
        String wrong = error(ExitCode.USAGE, "--json-schema", cut);
        assertTrue(wrong.startsWith("glia: --json-schema " + cut + ": found no JSON: ") && wrong.contains("at line 2"),
                wrong);
        String list = file("list.json", "[1]");
        assertEquals("glia: --json-schema " + list
                + ": found JSON that is no schema, expected an object, true or false",
                error(ExitCode.USAGE, "--json-schema", list));
        assertEquals("glia: --json-schema missing.json: no such file; a schema in the command line begins with {",
                error(ExitCode.BAD_FILE, "--json-schema", "missing.json"));
        assertEquals("glia: --regex: a back-reference in the regular expression '(a)\\1' is not supported",
                error(ExitCode.USAGE, "--regex", "(a)\\1"));
        assertTrue(error(ExitCode.USAGE, "--choice", "a", "--choice", "").startsWith("glia: --choice: "));
        assertEquals("glia: --regex and --choice exclude each other; give one of --json-schema, --regex, --choice, "
                + "--grammar", error(ExitCode.USAGE, "--choice", "a", "--regex", "b"));
        String gbnf = file("bad.gbnf", "root ::= missing\n");
        String undefined = error(ExitCode.USAGE, "--grammar", gbnf);
        assertTrue(undefined.startsWith("glia: --grammar " + gbnf + ": ") && undefined.contains("missing"), undefined);
        assertTrue(error(ExitCode.USAGE, "--grammar", "a.txt").contains(".gbnf (GBNF) or .lark (Lark)"));
        Path latin = Files.write(folder.resolve("latin.gbnf"),
                "root ::= \"ü\"".getBytes(StandardCharsets.ISO_8859_1));
        assertEquals("glia: --grammar " + latin + ": found bytes that are not UTF-8",
                error(ExitCode.BAD_FILE, "--grammar", latin.toString()));
    }
}
