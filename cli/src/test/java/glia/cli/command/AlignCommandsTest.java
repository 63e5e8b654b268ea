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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// The commands of `glia align` with the story model.
class AlignCommandsTest {
    @TempDir
    Path folder;
    private Path model;

    /// A template that shows the texts of all messages, and principles that some stories keep.
    @BeforeEach
    void write() throws IOException {
        Path shipped = new ModelLocator(HubSettings.fromEnvironment()).locate("stories260K", Progress.NONE).path();
        model = Files.createDirectory(folder.resolve("model"));
        for (String file : List.of("config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json")) {
            Files.copy(shipped.resolve(file), model.resolve(file));
        }
        Files.writeString(model.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m.content }} {% endfor %}");
        Files.writeString(folder.resolve("c.yaml"), """
                principles:
                  - name: short
                    critique: "Long?"
                    revision: "Again, {prompt}"
                    comparison: "Which?"
                    check: {name: length, unit: characters, max: 30}
                  - {name: calm, critique: c, revision: r, comparison: d, check: {name: format, pattern: '[^!]*'}}
                """);
        Files.writeString(folder.resolve("p.jsonl"), """
                {"prompt": "Once upon a time"}
                {"prompt": "Lily had a cat. The cat"}
                {"prompt": "One day,", "unused": 1}
                """);
    }

    private String[] words(String command, String... more) {
        List<String> words = new ArrayList<>(List.of("align", command, model.toString(), "--constitution",
                folder.resolve("c.yaml").toString(), "--prompts", folder.resolve("p.jsonl").toString(),
                "--max-tokens", "12"));
        words.addAll(List.of(more));
        return words.toArray(String[]::new);
    }

    private static TestConsole run(int exitCode, String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console;
    }

    private static List<JsonNode> lines(Path file) throws IOException {
        return Files.readAllLines(file).stream().map(JsonMapper.shared()::readTree).toList();
    }

    @Test
    void adherenceIsTheShareOfAnswersThatKeepAPrinciple() throws Exception {
        Path samples = folder.resolve("samples.jsonl");
        JsonNode found = JsonMapper.shared().readTree(run(ExitCode.OK, words("check", "--json", "--samples",
                samples.toString())).out());
        List<JsonNode> lines = lines(samples);
        assertEquals(3, lines.size());
        long isShort = lines.stream().filter(l -> l.path("answer").stringValue().length() <= 30).count();
        assertEquals(isShort / 3.0, found.path("principles").path("short").path("share").asDouble(), 1e-12);
        long whole = lines.stream().filter(l -> l.path("broken").isEmpty()).count();
        assertEquals(whole / 3.0, found.path("principles").path("all").path("share").asDouble(), 1e-12);
        String table = run(ExitCode.OK, words("check", "--limit", "2")).out();
        assertTrue(table.contains("short") && table.contains("95 % interval") && table.contains("2 prompts"), table);
    }

    @Test
    void revisedChatsAndPairsTrain() throws Exception {
        Path chats = folder.resolve("chats.jsonl");
        Path pairs = folder.resolve("pairs.jsonl");
        JsonNode revised = JsonMapper.shared().readTree(run(ExitCode.OK, words("revise", "--json", "--least", "0",
                "--attempts", "2", "--temp", "1", "-o", chats.toString())).out());
        assertEquals(3, revised.path("chats").asInt());
        assertEquals(3, lines(chats).size());
        assertTrue(lines(chats).stream().allMatch(l -> l.path("messages").size() == 2 && l.has("original")));
        JsonNode labelled = JsonMapper.shared().readTree(run(ExitCode.OK, words("label", "--json", "--judge", "model",
                "-o", pairs.toString())).out());
        assertEquals(labelled.path("pairs").asInt(), lines(pairs).size());
        assertFalse(lines(pairs).isEmpty());
        assertTrue(labelled.path("agreement").has("short") && labelled.path("agreement").has("all"));
        for (String recipe : List.of("constitutional-sft", "constitutional-dpo")) {
            run(ExitCode.OK, "train", recipe, "model.path=" + model, "data.train=" + (recipe.endsWith("sft") ? chats
                    : pairs), "output=" + folder.resolve(recipe), "steps=2", "batch.sequences=1", "adapter.rank=2");
            run(ExitCode.OK, words("check", "--adapter", folder.resolve(recipe).resolve("model").toString()));
        }
    }

    @Test
    void filesAreNotOverwrittenAndErrorsSayWhere() throws Exception {
        Path file = Files.writeString(folder.resolve("old.jsonl"), "old");
        for (String command : List.of("revise", "label")) {
            assertTrue(run(ExitCode.BAD_FILE, words(command, "-o", file.toString())).err().contains("--force"));
            assertTrue(run(ExitCode.USAGE, words(command)).err().contains("--output"));
        }
        assertEquals("old", Files.readString(file));
        assertTrue(run(ExitCode.USAGE, words("revise", "--least", "3", "-o", file.toString(), "--force")).err()
                .contains("more than the 2 principles"));
        Files.writeString(folder.resolve("p.jsonl"), "{\"prompt\": \"a\"}\n{\"promt\": \"b\"}\n");
        assertTrue(run(ExitCode.BAD_FILE, words("check")).err().contains("line 2"));
        Files.writeString(folder.resolve("p.jsonl"), "");
        assertTrue(run(ExitCode.BAD_FILE, words("check")).err().contains("found no line"));
        assertTrue(run(ExitCode.USAGE, "align").err().contains("check, revise or label"));
    }
}
