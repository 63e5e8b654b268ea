package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The option `--kv-cache-type`, and its effect on perplexity and speed.
class KvCacheTypeTest {
    private static final String GOLDEN = "../engine/src/test/resources/golden/llama";

    @TempDir
    Path folder;

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static JsonNode json(String... words) {
        return JsonTree.parse(run(ExitCode.OK, words).out());
    }

    @Test
    void changesPerplexityALittle() throws IOException {
        Path text = Files.writeString(folder.resolve("text"), ("Once upon a time, there was a little girl named Lily. "
                + "She loved to play.\n").repeat(30));
        double f32 = perplexity(text);
        assertEquals(f32, perplexity(text, "--kv-cache-type", "f32"));
        double bf16 = perplexity(text, "--kv-cache-type", "bf16");
        double int8 = perplexity(text, "--kv-cache-type", "int8");
        assertNotEquals(f32, bf16);
        assertNotEquals(f32, int8);
        assertNotEquals(bf16, int8);
        assertEquals(f32, bf16, f32 / 100);
        assertEquals(f32, int8, f32 / 50);
        assertEquals(int8, perplexity(text, "--kv-cache-type", "q8_0"));
        double mixed = perplexity(text, "--kv-cache-type", "q8:q4");
        assertNotEquals(int8, mixed);
        assertEquals(f32, mixed, f32 / 20);
    }

    private static double perplexity(Path text, String... more) {
        String[] words = {"perplexity", "stories260K", text.toString(), "--windows", "1", "--precision", "exact",
            "--json"};
        String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return json(all).path("perplexity").asDouble();
    }

    @Test
    void checkRoundsOnlyIfItIsAskedTo() {
        run(ExitCode.OK, "check", GOLDEN);
        String lines = run(ExitCode.FAILED, "check", GOLDEN, "--kv-cache-type", "int8").out();
        assertTrue(lines.startsWith("FAIL  logits, full sequence"), lines);
    }

    @Test
    void memoryForTheCacheIsBounded() {
        assertEquals("time, there was a little girl named Lily.\n", run(ExitCode.OK, "run", "stories260K", "-p",
                "Once upon a", "--temperature", "0", "--stop", " She", "--kv-memory", "16m").out());
        String message = run(ExitCode.USAGE, "run", "stories260K", "hello", "--kv-memory", "15mb").err();
        assertTrue(message.contains("16 MiB"), message);
    }

    @Test
    void generatedTokensAttendToChosenPages() {
        String[] words = {"run", "stories260K", "-p", "Once upon a", "--temperature", "0", "-n", "120", "--attention",
            "quest:512"};
        String all = run(ExitCode.OK, words).out();
        assertEquals(all, run(ExitCode.OK, java.util.Arrays.copyOf(words, words.length - 2)).out());
        words[words.length - 1] = "quest:16:8";
        assertNotEquals(all, run(ExitCode.OK, words).out());
        words[words.length - 1] = "quest:2k";
        assertTrue(run(ExitCode.USAGE, words).err().contains("such as quest:2048"));
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "hello", "--attention", "quest:512", "--draft").err()
                .contains("leave one of them out"));
    }

    @Test
    void textsGoOnPastTheContext() {
        String[] words = {"run", "stories260K", "-p", "Once upon a", "--temperature", "0", "-n", "120",
            "--cache-policy", "streaming:4+400"};
        String all = run(ExitCode.OK, words).out();
        assertEquals(all, run(ExitCode.OK, java.util.Arrays.copyOf(words, words.length - 2)).out());
        JsonNode longer = json("run", "stories260K", "-p", "The cat sat on the mat. ".repeat(80), "--temperature", "0",
                "-n", "40", "--cache-policy", "streaming:4+60", "--json");
        assertTrue(longer.path("prompt_tokens").asInt() > 512, longer::toString);
        assertTrue(longer.path("tokens").asInt() > 0, longer::toString);
        for (String word : new String[] {"streaming", "streaming:4", "streaming:4+3", "streaming:-1+20",
            "streaming:4+9999999999", "streaming:99999999+99999999", "snap:4+60", ""}) {
            words[words.length - 1] = word;
            assertTrue(run(ExitCode.USAGE, words).err().contains("--cache-policy"), word);
        }
        words[words.length - 1] = "streaming:4+600";
        assertTrue(run(ExitCode.USAGE, words).err().contains("604 positions, the context has 512"));
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "hello", "--cache-policy", "streaming:4+60", "--draft")
                .err().contains("leave one of them out"));
    }

    @Test
    void otherTypesAreRefused() {
        String message = run(ExitCode.USAGE, "run", "stories260K", "hello", "--kv-cache-type", "f16").err();
        assertTrue(message.contains("is not f32, bf16, int8 (also called q8_0), q5, q4"), message);
    }

    @Test
    void answersAreWrittenWithEachType() {
        for (String type : new String[] {"bf16", "int8"}) {
            assertEquals("time, there was a little girl named Lily.\n", run(ExitCode.OK, "run", "stories260K", "-p",
                    "Once upon a", "--temperature", "0", "--stop", " She", "--kv-cache-type", type).out());
        }
    }

    @Test
    @Tag("slow")
    void benchMeasuresOneStreamAfterALongContext() {
        JsonNode rates = json("bench", "stories260K", "--depth", "400", "--kv-cache-type", "bf16", "--json");
        assertTrue(rates.path("generate_64_after_400").path("median").asDouble() > 0, rates::toString);
        assertTrue(rates.path("generate_64_x1").isMissingNode(), rates::toString);
        assertEquals("glia: texts of 513 tokens are measured; the context has 512\n",
                run(ExitCode.USAGE, "bench", "stories260K", "--depth", "449").err());
    }
}
