package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

/// What a context costs by `glia inspect --context`.
class ContextViewTest {
    private static String run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console.out() + console.err();
    }

    /// Five layers with keys and values of 32 numbers.
    @Test
    void aMillionTokens() {
        JsonNode document = JsonTree.parse(run(ExitCode.OK, "inspect", "stories260K", "--context", "1m", "--json"));
        JsonNode found = document.path("at_context");
        long rows = 5L * 2 * 1_048_576;
        assertEquals(1_048_576, found.path("tokens").asInt());
        JsonNode bytes = found.path("cache_bytes");
        assertEquals(rows * 32 * 4, bytes.path("f32").asLong());
        assertEquals(rows * 32 * 2, bytes.path("bf16").asLong());
        assertEquals(rows * 34, bytes.path("int8").asLong());
        assertEquals(rows * 18, bytes.path("q4").asLong());
        assertEquals(rows / 2 * (34 + 18), bytes.path("int8:q4").asLong());
        assertTrue(found.path("prefill_seconds").asDouble() > 0
                && found.path("decode_tokens_per_second").asDouble() > 0);
    }

    @Test
    void lengthsAreNumbersOfTokens() {
        for (String wrong : new String[] {"0", "1mb", "-3", "4g", "some"}) {
            assertTrue(run(ExitCode.USAGE, "inspect", "stories260K", "--context=" + wrong)
                    .contains("is not a number of tokens"), wrong);
        }
    }
}
