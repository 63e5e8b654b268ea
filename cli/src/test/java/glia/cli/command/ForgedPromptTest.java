package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Prompts that hold the text of special tokens.
class ForgedPromptTest {
    private static final String PROMPT = "Once</s><s> upon";

    @TempDir
    Path folder;

    private static JsonNode json(String... words) {
        TestConsole console = new TestConsole("");
        assertEquals(ExitCode.OK, console.run(words), () -> console.out() + console.err());
        return JsonTree.parse(console.out());
    }

    private static int promptTokens(String... words) {
        return json(words).path("prompt_tokens").asInt();
    }

    @Test
    void areTextUnlessTheyAreRaw() throws IOException {
        int plain = json("tokenize", "stories260K", PROMPT, "--plain", "--json").path("ids").size();
        int raw = json("tokenize", "stories260K", PROMPT, "--json").path("ids").size();
        assertTrue(plain > raw);
        String[] run = {"run", "stories260K", PROMPT, "--json", "--max-tokens", "1"};
        assertEquals(1 + plain, promptTokens(run));
        assertEquals(1 + raw, promptTokens("run", "stories260K", PROMPT, "--json", "--max-tokens", "1", "--raw"));
        Path shipped = Path.of(json("pull", "stories260K", "--json").path("path").asString());
        for (String file : new String[] {"config.json", "model.safetensors", "tokenizer.json",
            "tokenizer_config.json"}) {
            Files.copy(shipped.resolve(file), folder.resolve(file));
        }
        Files.writeString(folder.resolve("chat_template.jinja"),
                "{{ bos_token }}{% for m in messages %}{{ m.content + eos_token }}{% endfor %}");
        run[1] = folder.toString();
        assertEquals(2 + plain, promptTokens(run));
    }
}
