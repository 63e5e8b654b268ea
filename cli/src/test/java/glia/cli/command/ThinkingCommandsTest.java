package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.hub.HubSettings;
import glia.io.hub.ModelLocator;
import glia.io.hub.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The options of thinking, with the story model and a template that opens the thinking. Its tokenizer has no tokens of
/// the markers, so each marker is several tokens.
class ThinkingCommandsTest {
    private static final String TEMPLATE = "{{ bos_token }}{% for m in messages %}{{ m.content }}{% endfor %}"
            + "{% if enable_thinking is defined and not enable_thinking %}{{ '<think></think>' }}"
            + "{% else %}{{ '<think>' }}{% endif %}";

    @TempDir
    static Path folder;
    private static String model;

    @BeforeAll
    static void write() throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"), TEMPLATE);
        model = folder.toString();
    }

    private static TestConsole run(int exitCode, String input, int width, String... words) {
        TestConsole console = new TestConsole(input, width);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static String[] words(String... more) {
        return Stream.concat(Stream.of("run", model, "Once upon a", "--temperature", "0", "-n", "40"),
                Arrays.stream(more)).toArray(String[]::new);
    }

    private static JsonNode json(String... more) {
        String[] all = Stream.concat(Arrays.stream(words(more)), Stream.of("--json")).toArray(String[]::new);
        return JsonMapper.shared().readTree(run(ExitCode.OK, "", 0, all).out());
    }

    @Test
    void jsonHasThinkingAndAnswerApart() {
        JsonNode thought = json("--thinking-budget", "12");
        assertEquals(12, thought.path("thinking_tokens").asInt());
        assertFalse(thought.path("thinking").asString().isEmpty());
        assertFalse(thought.path("text").asString().isEmpty());
        assertTrue(thought.path("thinking_seconds").asDouble() > 0);
        JsonNode instant = json("--effort", "instant");
        assertEquals(0, instant.path("thinking_tokens").asInt(-1));
        assertEquals("instant", instant.path("effort").asString());
        assertTrue(thought.path("effort").isMissingNode());
        assertEquals("", instant.path("thinking").asString("none"));
        assertEquals(40, instant.path("tokens").asInt());
    }

    @Test
    void theAnswerAloneIsPrintedUnlessTheThinkingIsWanted() {
        JsonNode both = json("--thinking-budget", "12");
        TestConsole plain = run(ExitCode.OK, "", 0, words("--thinking-budget", "12"));
        assertEquals(both.path("text").asString() + "\n", plain.out());
        assertEquals(both.path("thinking").asString() + "\n\n" + both.path("text").asString() + "\n",
                run(ExitCode.OK, "", 0, words("--thinking-budget", "12", "--show-thinking")).out());
        TestConsole terminal = run(ExitCode.OK, "", 200, words("--thinking-budget", "12"));
        assertEquals(both.path("text").asString() + "\n", terminal.out());
        assertTrue(terminal.err().contains("Thought for ") && terminal.err().contains(", 12 tokens"), terminal::err);
    }

    @Test
    void waitProlongsTheThinking() {
        String thinking = json("--min-thinking", "20", "--thinking-budget", "25").path("thinking").asString();
        assertFalse(thinking.isEmpty());
        assertTrue(run(ExitCode.USAGE, "", 0, words("--min-thinking", "9999")).err()
                .contains("fewest tokens of thinking: found 9999, but only "));
        TestConsole both = run(ExitCode.USAGE, "", 0, words("--min-thinking", "20", "--thinking-budget", "5"));
        assertTrue(both.err().contains("found 20, expected at most the thinking budget of 5"), both::err);
    }

    @Test
    void aChatFoldsTheThinking() {
        String[] chat = {"chat", model, "--temperature", "0", "-n", "40", "--thinking-budget", "12"};
        TestConsole folded = run(ExitCode.OK, "Once upon a\n", 0, chat);
        assertEquals(json("--thinking-budget", "12").path("text").asString() + "\n", folded.out());
        assertTrue(folded.err().contains(", 12 tokens"), folded::err);
        TestConsole set = run(ExitCode.OK, "/effort instant\n/set\n/thinking-budget many\n", 0, chat);
        assertTrue(set.err().contains("Set effort to instant."), set::err);
        assertTrue(set.out().replaceAll(" +", " ").contains("effort instant\n thinking-budget 12\n")
                || set.out().replaceAll(" +", " ").contains("effort instant\nthinking-budget 12\n"), set::out);
        assertTrue(set.err().contains("'many' is not a whole number"), set::err);
    }

    @Test
    void modelsThatDoNotThinkAreNamedAsSuch() {
        for (String command : List.of("run", "chat")) {
            TestConsole console = new TestConsole("Hello\n");
            assertEquals(ExitCode.USAGE, console.run(command, "stories260K", "--effort", "low"));
            assertTrue(console.err().contains("no chat template, so it does not think"), console::err);
        }
        TestConsole raw = run(ExitCode.USAGE, "", 0, words("--raw", "--effort", "high"));
        assertTrue(raw.err().contains("--effort needs the chat template"), raw::err);
        TestConsole wrong = run(ExitCode.USAGE, "", 0, words("--effort", "huge"));
        assertTrue(wrong.err().contains("instant, low, medium, high or auto"), wrong::err);
    }
}
