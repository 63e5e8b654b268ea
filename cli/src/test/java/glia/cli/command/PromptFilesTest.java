package glia.cli.command;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.cli.TestConsole;
import glia.cli.terminal.ExitCode;
import glia.io.json.JsonTree;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
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

    private static Process other(Path cache, Path book) throws IOException {
        ProcessBuilder process = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-XX:TieredStopAtLevel=1",
                "-Xlog:disable", "-cp", System.getProperty("java.class.path"), "glia.cli.Main", "run", "stories260K",
                "Then Tom", "--file", book.toString(), "-n", "4", "--temperature", "0", "--kernels", "scalar", "--json")
                .redirectError(ProcessBuilder.Redirect.DISCARD);
        process.environment().put("GLIA_CACHE", cache.toString());
        Process started = process.start();
        started.getOutputStream().close();
        return started;
    }

    private static JsonNode answer(Process process) throws IOException {
        return JsonTree.parse(new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
    }

    /// Processes are killed as soon as the first files of a prompt are there; then two share the folder.
    @Test
    void processesMayBeKilledAndShareTheFolder() throws Exception {
        Path book = Files.writeString(folder.resolve("book.txt"), "Lily and Tom had a red ball and a dog. ".repeat(20));
        Path cache = folder.resolve("cache");
        JsonNode text = ask(book, "Then Tom", "--prompt-cache", "none").path("text");
        Process killed = other(cache, book);
        while (killed.isAlive() && !hasFiles(cache.resolve("prompts"))) {
            Thread.sleep(1);
        }
        killed.destroyForcibly().waitFor();
        Process first = other(cache, book);
        Process second = other(cache, book);
        assertEquals(text, answer(first).path("text"));
        assertEquals(text, answer(second).path("text"));
        JsonNode last = answer(other(cache, book));
        assertEquals(text, last.path("text"));
        assertTrue(last.path("cached_tokens").asInt() >= 256, last::toString);
    }

    private static boolean hasFiles(Path prompts) throws IOException {
        if (!Files.isDirectory(prompts)) {
            return false;
        }
        try (Stream<Path> files = Files.walk(prompts)) {
            return files.anyMatch(Files::isRegularFile);
        } catch (UncheckedIOException e) {
            return false;
        }
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
