package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Fills masks with a small BERT whose odd tokens continue words.
class FillMaskCommandTest {
    private static final Path GOLDEN = Path.of("../engine/src/test/resources/golden/bert");
    private static final int VOCAB_SIZE = 64;

    @TempDir Path folder;

    @BeforeEach
    void writeModel() throws Exception {
        for (String file : List.of("config.json", "model.safetensors")) {
            Files.copy(GOLDEN.resolve(file), folder.resolve(file));
        }
        String vocab = IntStream.range(2, VOCAB_SIZE).mapToObj(i -> "\"" + piece(i) + "\": " + i)
                .collect(Collectors.joining(", "));
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "added_tokens": [{"id": 1, "content": "[MASK]", "special": true,
                "single_word": false, "lstrip": false, "rstrip": false, "normalized": false}],
                "pre_tokenizer": {"type": "Whitespace"},
                "model": {"type": "WordPiece", "vocab": {"[UNK]": 0, "[MASK]": 1, %s}, "unk_token": "[UNK]",
                "continuing_subword_prefix": "##", "max_input_chars_per_word": 9},
                "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true}}""".formatted(vocab));
    }

    private static String piece(int id) {
        return (id % 2 == 0 ? "w" : "##ing") + id;
    }

    private String run(String... more) {
        TestConsole console = new TestConsole("w2 [MASK] w4\n");
        String[] words = new String[more.length + 2];
        words[0] = "fill-mask";
        words[1] = folder.toString();
        System.arraycopy(more, 0, words, 2, more.length);
        assertEquals(ExitCode.OK, console.run(words), console::err);
        return console.out();
    }

    @Test
    void tokensThatContinueAWordAreMarked() {
        String[] lines = run("--top", "64").split("\n");
        assertEquals(VOCAB_SIZE, lines.length);
        String all = String.join("\n", lines);
        for (int id = 2; id < VOCAB_SIZE; id++) {
            assertTrue(all.contains("  " + piece(id) + " "), piece(id) + " in\n" + all);
        }
        JsonNode masks = JsonMapper.shared().readTree(run("--top", "64", "--json")).path("masks");
        for (JsonNode guess : masks.path(0)) {
            int token = guess.path("token").asInt();
            assertEquals(token < 2 ? guess.path("text").asString() : piece(token), guess.path("text").asString());
        }
    }
}
