package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.json.JsonTree.JsonText;
import java.io.IOException;
import java.net.URI;
import java.net.URL;
import java.net.URLConnection;
import java.net.URLStreamHandler;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Checks what DJL's own classes would do: truncate texts at 512 tokens, pad them, and send telemetry.
class NativeTokenizerTest {
    private static final String WORDS = "Once upon a time ".repeat(500);

    @Test
    void longTextsAreNotTruncated() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        int[] ids = tokenizer.encode(WORDS, false);
        assertTrue(ids.length > 1000, "found " + ids.length);
        assertEquals(WORDS, tokenizer.decode(ids, false));
    }

    @Test
    void truncationAndPaddingAreIgnored(@TempDir Path folder) throws Exception {
        String asking = Files.readString(TestData.stories260K().resolve("tokenizer.json"))
                .replace("\"truncation\": null", "\"truncation\":{\"direction\":\"Right\",\"max_length\":4,"
                        + "\"strategy\":\"LongestFirst\",\"stride\":0}")
                .replace("\"padding\": null", "\"padding\":{\"strategy\":{\"Fixed\":32},\"direction\":\"Right\","
                        + "\"pad_to_multiple_of\":null,\"pad_id\":0,\"pad_type_id\":0,\"pad_token\":\"<unk>\"}");
        assertTrue(asking.contains("LongestFirst") && asking.contains("Fixed"));
        Files.writeString(folder.resolve("tokenizer.json"), asking);
        Tokenizer tokenizer = Tokenizer.load(folder);
        Tokenizer plain = Tokenizer.load(TestData.stories260K());
        for (String text : List.of("", "a", WORDS)) {
            assertArrayEquals(plain.encode(text, true), tokenizer.encode(text, true));
        }
    }

    /// All connections in Java use a stream handler, and DJL's class for telemetry is not on the class path.
    @Test
    void noTelemetryIsSent() throws Exception {
        ConcurrentLinkedQueue<URL> opened = new ConcurrentLinkedQueue<>();
        URL.setURLStreamHandlerFactory(protocol -> protocol.startsWith("http") ? new URLStreamHandler() {
            @Override
            protected URLConnection openConnection(URL url) throws IOException {
                opened.add(url);
                throw new IOException("no connection in this test");
            }
        } : null);
        assertThrows(IOException.class, () -> URI.create("http://example.invalid/").toURL().openConnection());
        assertEquals(1, opened.size(), "the handler is not asked");
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        tokenizer.decode(tokenizer.encode("a", true), true);
        Tokenizer.fromGguf(TestData.gguf(TestData.sentencePieceMetadata())).encodePlain("a", false);
        assertEquals(1, opened.size(), () -> "opened " + opened);
        assertThrows(ClassNotFoundException.class, () -> Class.forName("ai.djl.util.Ec2Utils"));
    }

    @Test
    void unpairedSurrogatesBecomeReplacementCharacters() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        for (String bad : List.of("a\uD800b", "\uDC00", "\uD83D", "\uDE42\uD83D x",
                "\uD83D\uDE42\uD83D\0\uD83D\uDE42")) {
            String good = new String(bad.getBytes(StandardCharsets.UTF_16LE), StandardCharsets.UTF_16LE);
            assertArrayEquals(tokenizer.encode(good, false), tokenizer.encode(bad, false), JsonText.quote(bad));
        }
        assertEquals("a\uFFFDb", NativeTokenizer.replaceUnpairedSurrogates("a\uD800b"));
        assertEquals("\uD83D\uDE42", NativeTokenizer.replaceUnpairedSurrogates("\uD83D\uDE42"));
    }

    @Test
    void manyThreadsMayEncodeAtOnce() throws Exception {
        Tokenizer tokenizer = Tokenizer.load(TestData.stories260K());
        int[] expected = tokenizer.encode(WORDS, true);
        boolean same = IntStream.range(0, 64).parallel().allMatch(i -> {
            int[] ids = tokenizer.encode(WORDS, true);
            return java.util.Arrays.equals(expected, ids) && tokenizer.decode(ids, true).equals(WORDS);
        });
        assertTrue(same);
    }

    @Test
    void theLibrarysMessageReachesTheCaller() {
        String message = assertThrows(IllegalArgumentException.class, () -> NativeTokenizer.of("{}")).getMessage();
        assertTrue(message.contains("Model missing"), message);
    }

    @ParameterizedTest
    @CsvSource({"Linux,amd64,linux-x86_64", "Linux,aarch64,linux-aarch64", "Mac OS X,aarch64,osx-aarch64",
        "Windows 11,amd64,win-x86_64", "Mac OS X,x86_64,osx-x86_64"})
    void platformsAreNamedAsInTheJar(String os, String arch, String expected) {
        assertEquals(expected, NativeLibrary.platform(os, arch));
    }

    @Test
    void aNativeOfTheWrongSizeIsReplaced(@TempDir Path folder) throws Exception {
        String resource = "/native/lib/tokenizers.properties";
        Path file = NativeLibrary.unpack(resource, folder);
        byte[] whole = Files.readAllBytes(file);
        assertTrue(new String(whole, StandardCharsets.UTF_8).contains("version="));
        Files.write(file, new byte[] {1});
        assertEquals(file, NativeLibrary.unpack(resource, folder));
        assertArrayEquals(whole, Files.readAllBytes(file));
        try (var files = Files.list(folder)) {
            assertEquals(1, files.count(), "parts are left behind");
        }
        String none = "/native/lib/none";
        String message = assertThrows(IOException.class, () -> NativeLibrary.unpack(none, folder)).getMessage();
        assertTrue(message.contains(none), message);
    }
}
