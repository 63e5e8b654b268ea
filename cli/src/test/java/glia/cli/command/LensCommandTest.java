package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// `glia lens`, `glia lens probe`, `glia lens sae` and `glia steer` with the story model.
class LensCommandTest {
    @TempDir Path folder;

    private String run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console.out() + console.err();
    }

    private String file(String name) {
        return folder.resolve(name).toString();
    }

    private JsonNode data() throws IOException {
        String page = Files.readString(folder.resolve("page.html"));
        assertFalse(page.contains("src=\"http"), "needs something else");
        String mark = "<script id=\"data\" type=\"application/json\">";
        int from = page.indexOf(mark) + mark.length();
        return JsonMapper.shared().readTree(page.substring(from, page.indexOf("</script>", from)));
    }

    @Test
    void lensAndPatching() throws IOException {
        String said = run(ExitCode.OK, "lens", "stories260K", "Tom had a big dog", "--patch", "Tom had a big cat",
                "--answer", "was", "--answer", "and", "--html", file("page.html"), "--top", "3");
        assertTrue(said.contains("embed") && said.contains("KL"), said);
        JsonNode data = data();
        assertEquals(6, data.path("lens").path("layers").size());
        int tokens = data.path("lens").path("tokens").size();
        for (JsonNode layer : data.path("lens").path("layers")) {
            assertEquals(tokens, layer.path("tokens").size());
            assertEquals(3, layer.path("tokens").path(0).path("top").size());
        }
        assertEquals(0, data.path("lens").path("layers").path(5).path("tokens").path(1).path("kl").asDouble(), 1e-4);
        assertEquals(1, data.path("patch").path("parts").path("residual").path(4).path(tokens - 1).asDouble(), 1e-3);
        assertEquals(3, data.path("patch").path("parts").size());
        JsonNode json = JsonMapper.shared().readTree(run(ExitCode.OK, "lens", "stories260K", "Once upon", "--json"));
        assertEquals(6, json.path("layers").size());
    }

    @Test
    void lensSaysWhatIsWrong() {
        assertTrue(run(ExitCode.USAGE, "lens", "stories260K", "Tom had a ball", "--patch", "Tom")
                .contains("expected as many"));
        assertTrue(run(ExitCode.USAGE, "lens", "stories260K", "Tom", "--token", "40").contains("has the tokens 0 to"));
        assertTrue(run(ExitCode.USAGE, "lens", "stories260K", "a ".repeat(400)).contains("expected 1 to 256"));
        assertTrue(run(ExitCode.USAGE, "lens", "stories260K", "Tom", "--patch", "Tom", "--answer", "a")
                .contains("expected two"));
    }

    @Test
    void probesReadWhatTheLastWordIs() throws IOException {
        Files.writeString(folder.resolve("data.jsonl"), IntStream.range(0, 40).mapToObj(n -> "{\"text\": \"" + (n % 5)
                + " and then he saw a " + (n % 2 == 0 ? "dog" : "ball") + "\", \"label\": " + n % 2 + "}\n")
                .collect(Collectors.joining()));
        String said = run(ExitCode.OK, "lens", "probe", "stories260K", file("data.jsonl"), "--html", file("page.html"));
        assertTrue(said.contains("control"), said);
        JsonNode layers = data().path("probe").path("layers");
        assertEquals(6, layers.size());
        assertEquals(1, layers.path(2).path("held_out").asDouble(), "the last token is another one");
        assertTrue(layers.path(2).path("control").asDouble() < 0.8, layers::toString);
        Files.writeString(folder.resolve("bad.jsonl"), "{\"text\": \"a\"}\n");
        assertTrue(run(3, "lens", "probe", "stories260K", file("bad.jsonl")).contains("label"));
    }

    @Test
    void featuresOfALayer() throws IOException {
        Files.writeString(folder.resolve("text.txt"), "Once upon a time there was a red dog. The dog had a big ball. "
                .repeat(20));
        String said = run(ExitCode.OK, "lens", "sae", "stories260K", file("text.txt"), "--layer", "2", "--features",
                "96", "--active", "4", "--steps", "120", "--html", file("page.html"));
        assertTrue(said.contains("layer 2: 96 features, 4 active"), said);
        JsonNode found = data().path("features");
        assertTrue(found.path("explained").asDouble() > 0.5, said);
        assertEquals(96, found.path("found").size() + found.path("dead").asInt());
        assertEquals(120, found.path("losses").size());
        assertTrue(run(ExitCode.USAGE, "lens", "sae", "stories260K", file("text.txt"), "--layer", "5")
                .contains("layers 0 to 4"));
    }

    @Test
    void steersByPairs() throws IOException {
        Files.writeString(folder.resolve("pairs.jsonl"), """
                {"positive": "The dog was very happy and", "negative": "The dog was very sad and"}
                {"positive": "Lily was happy and glad", "negative": "Lily was sad and cried"}
                {"positive": "Tom felt happy", "negative": "Tom felt sad"}
                """);
        String said = run(ExitCode.OK, "steer", "stories260K", "--pairs", file("pairs.jsonl"), "-o", file("v.gguf"),
                "--layers", "1-3", "--html", file("page.html"), "--prompt", "Once upon a time", "-n", "10");
        assertTrue(said.contains("layers 1 to 3 of 3 pairs"), said);
        JsonNode steer = data().path("steer");
        assertEquals(4, steer.path("layers").size());
        assertEquals(5, steer.path("samples").size());
        String plain = run(ExitCode.OK, "run", "stories260K", "Once upon a time", "--temp", "0", "-n", "30");
        String none = run(ExitCode.OK, "run", "stories260K", "Once upon a time", "--temp", "0", "-n", "30",
                "--control-vector", file("v.gguf") + ":0");
        String steered = run(ExitCode.OK, "run", "stories260K", "Once upon a time", "--temp", "0", "-n", "30",
                "--control-vector", file("v.gguf") + ":4", "--control-vector-layers", "2-3");
        assertEquals(plain, none);
        assertFalse(plain.equals(steered), steered);
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "a", "--control-vector", file("pairs.jsonl"))
                .contains("--control-vector"));
        assertTrue(run(ExitCode.USAGE, "run", "stories260K", "a", "--control-vector", file("v.gguf"),
                "--control-vector-layers", "4-2").contains("expected layers such as"));
        assertTrue(run(ExitCode.USAGE, "run", "reasoner", "a", "--control-vector", file("v.gguf"))
                .contains("hidden size"));
    }
}
