package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Training runs and training cases of references.
class CheckCommandTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden/llama");
    private static final Path CASES = Path.of("../check/src/test/resources/golden-training");

    @TempDir
    Path folder;

    private static String run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console.out() + console.err();
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.createDirectories(to);
        try (var all = Files.list(from)) {
            for (Path file : all.toList()) {
                Files.copy(file, to.resolve(file.getFileName()));
            }
        }
    }

    @Test
    void trainingRunsAreRepeated() throws IOException {
        List<String> lines = run(ExitCode.OK, "check", GOLDEN.toString()).lines()
                .filter(line -> line.startsWith("pass  training step ")).toList();
        assertEquals(20, lines.size(), lines::toString);
        Path wrong = folder.resolve("llama");
        copy(GOLDEN, wrong);
        Path file = wrong.resolve("train.json");
        Files.writeString(file, Files.readString(file).replace("2.479948", "2.479"));
        JsonNode document = JsonTree.parse(run(ExitCode.FAILED, "check", wrong.toString(), "--json"));
        assertFalse(document.path("passed").asBoolean());
        for (JsonNode check : document.path("checks")) {
            assertEquals(!check.path("what").asString().equals("training step 10, loss"),
                    check.path("passed").asBoolean(), check.toString());
        }
        Files.writeString(file, "{");
        assertTrue(run(ExitCode.BAD_FILE, "check", wrong.toString()).contains("train.json"));
    }

    @Test
    void casesAreRunByGroup() throws IOException {
        Path tree = folder.resolve("cases");
        Files.createDirectories(tree.resolve("steps"));
        for (String name : List.of("sft-full.json", "sft-full.safetensors", "sft-completion.json",
                "sft-completion.safetensors")) {
            Files.copy(CASES.resolve("steps").resolve(name), tree.resolve("steps").resolve(name));
        }
        copy(GOLDEN, folder.resolve("golden/llama"));
        Files.createDirectories(tree.resolve("astrology"));
        Files.writeString(tree.resolve("steps/nash-md.json"), "{}");
        String text = run(ExitCode.OK, "check", "--cases", tree.toString());
        assertTrue(text.contains("pass  steps/sft-full: "), text);
        assertTrue(text.endsWith("2 of 2 cases passed\nunknown groups: astrology\n"
                + "unknown kinds of cases in steps: nash-md\n"), text);

        Files.delete(folder.resolve("golden/llama/model.safetensors"));
        text = run(ExitCode.FAILED, "check", "--cases", tree.toString());
        assertTrue(text.contains("FAIL  steps/sft-full: ") && text.contains("llama"), text);
        JsonNode document = JsonTree.parse(run(ExitCode.FAILED, "check", "--cases", tree.toString(), "--json"));
        assertFalse(document.path("passed").asBoolean());
        assertEquals("sft-completion", document.path("cases").get(0).path("id").asString());
        assertTrue(document.path("cases").get(0).path("difference").isNull());
        assertEquals("astrology", document.path("unknown_groups").get(0).asString());
        assertTrue(run(ExitCode.BAD_FILE, "check", "--cases", folder.resolve("none").toString()).contains("none"));
    }

    /// A schema that passes, one that is not supported, and one whose valid instance is wrong.
    @Test
    void structuredOutput(@TempDir Path folder) throws IOException {
        Path file = folder.resolve("cases.jsonl");
        Files.writeString(file, """
                {"name":"a","schema":{"type":"object","required":["x"]},"tests":[{"valid":true,"data":{"x":1.5}},\
                {"valid":false,"data":{"y":"é"}}]}
                {"name":"b","schema":{"uniqueItems":true},"tests":[]}
                """);
        JsonNode document = JsonTree.parse(run(ExitCode.OK, "check", "--structured", file.toString(), "--model",
                "stories260K", "--json"));
        assertEquals(2, document.path("schemas").asInt());
        assertEquals(1, document.path("passing").asInt());
        assertEquals(1, document.path("compile_errors").asInt());
        assertTrue(document.path("mask_us").path("mean").asDouble() > 0);
        assertTrue(document.path("first_mask_us").path("p50").asDouble() > 0);
        Files.writeString(file, """
                {"name":"c","schema":{"maxLength":1},"tests":[{"valid":true,"data":"ab"}]}
                {"name":"d","schema":{"minLength":1},"tests":[{"valid":false,"data":"ab"}]}
                """);
        String text = run(ExitCode.FAILED, "check", "--structured", file.toString(), "--model", "stories260K");
        assertTrue(text.contains("1 validation errors, 1 invalidation errors"), text);
    }
}
