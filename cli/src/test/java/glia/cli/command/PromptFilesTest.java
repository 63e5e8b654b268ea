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

/// Questions to a text of a file, whose KV cache stays on disk.
class PromptFilesTest {
    @TempDir
    Path folder;

    private static String run(int exitCode, String input, String... words) {
        TestConsole console = new TestConsole(input);
        assertEquals(exitCode, console.run(words), () -> console.out() + console.err());
        return console.out() + console.err();
    }

    private static JsonNode ask(Path book, String question, String... more) {
        String[] words = {"run", "stories260K", question, "--file", book.toString(), "-n", "4", "--temperature", "0",
            "--kernels", "scalar", "--json"};
        String[] all = java.util.Arrays.copyOf(words, words.length + more.length);
        System.arraycopy(more, 0, all, words.length, more.length);
        return JsonTree.parse(run(ExitCode.OK, "", all));
    }

    @Test
    void theSecondQuestionReadsTheTextFromDisk() throws IOException {
        Path book = Files.writeString(folder.resolve("book.txt"), ("Once upon a time, there was a little girl named "
                + "Lily. She loved to play outside with Tom and his dog.\n").repeat(9));
        run(ExitCode.OK, "", "models", "clear");
        JsonNode first = ask(book, "One day, Lily");
        int prompt = first.path("prompt_tokens").asInt();
        assertTrue(prompt >= 256 && prompt < 500, "a prompt of " + prompt);
        assertEquals(0, first.path("cached_tokens").asInt());
        JsonNode again = ask(book, "One day, Lily");
        assertTrue(again.path("cached_tokens").asInt() >= prompt / 64 * 64 - 64);
        assertEquals(first.path("text"), again.path("text"));
        JsonNode other = ask(book, "Then Tom", "--prompt-cache", "1g");
        assertTrue(other.path("cached_tokens").asInt() >= prompt - 128, other::toString);
        assertEquals(other.path("text"), ask(book, "Then Tom", "--prompt-cache", "none").path("text"));
        assertEquals(0, ask(book, "Then Tom", "--prompt-cache", "none").path("cached_tokens").asInt());
        assertEquals(0, ask(book, "Then Tom", "--kv-cache-type", "bf16").path("cached_tokens").asInt());
        String chat = run(ExitCode.OK, "Then Tom\n/stats\n", "chat", "stories260K", "--file", book.toString(), "-n",
                "4", "--kernels", "scalar");
        assertTrue(chat.matches("(?s).* [1-9]\\d+ of them cached.*"), chat);
        assertTrue(run(ExitCode.OK, "", "models", "--caches").contains("prompts"));
        assertTrue(run(ExitCode.OK, "", "models", "clear").contains("of KV caches of prompts"));
        assertEquals(0, ask(book, "One day, Lily").path("cached_tokens").asInt());
    }

    @Test
    void aFileThatIsNoTextIsNamed() throws IOException {
        Path binary = Files.write(folder.resolve("photo.bin"), new byte[] {(byte) 0xff, (byte) 0xfe, 0, 1});
        assertTrue(run(ExitCode.BAD_FILE, "", "run", "stories260K", "--file", binary.toString(), "Who?")
                .contains("photo.bin: is not a text in UTF-8"));
        assertTrue(run(ExitCode.BAD_FILE, "", "chat", "stories260K", "--file", folder.resolve("none").toString())
                .contains("cannot be read"));
    }
}
