package glia.serve.openai;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.load.LoadOptions;
import glia.engine.voice.Speaker;
import glia.io.file.AtomicFile.IfExists;
import glia.io.sound.WavBytes;
import glia.model.fresh.NewVoices;
import glia.serve.Server;
import glia.serve.ServerOptions;
import glia.serve.pool.ModelCatalogue;
import glia.serve.pool.ModelPool;
import java.io.ByteArrayOutputStream;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Text to speech over HTTP, against the model in the same process.
class SpeechTest {
    private static Speaker speaker;
    private static Server server;
    private static ModelPool models;
    private static HttpClient client;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        NewVoices.write(NewVoices.config("vits", Map.of("hidden", 8, "channels", 16, "layers", 1, "speakers", 3)), 5,
                folder, IfExists.FAIL);
        speaker = Speaker.load(folder, LoadOptions.defaults());
        models = new ModelPool();
        models.add("voice", speaker);
        server = Server.start(models, ServerOptions.defaults().withPort(0));
        client = HttpClient.newHttpClient();
    }

    @AfterAll
    static void stop() {
        client.close();
        server.close();
    }

    private static HttpResponse<byte[]> post(String body) throws Exception {
        return client.send(HttpRequest.newBuilder(URI.create("http://localhost:" + server.port() + "/v1/audio/speech"))
                .POST(BodyPublishers.ofString(body)).build(), BodyHandlers.ofByteArray());
    }

    private static byte[] expected(String text, String voice, double speed, long seed) {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        assertTrue(speaker.speak(text, new Speaker.Options(Optional.of(voice), speed, seed, false),
                samples -> {
                    all.writeBytes(WavBytes.samples(samples));
                    return true;
                }));
        return all.toByteArray();
    }

    @Test
    void samplesAreThoseOfTheModel() throws Exception {
        byte[] wanted = expected("A. B?", "2", 4, 8);
        assertTrue(wanted.length > 10_000);
        String fields = "\"model\":\"voice\",\"input\":\"A. B?\",\"voice\":\"2\",\"speed\":4,"
                + "\"seed\":8";
        HttpResponse<byte[]> wav = post("{" + fields + "}");
        assertEquals(200, wav.statusCode());
        assertEquals("audio/wav", wav.headers().firstValue("Content-Type").orElse(""));
        assertArrayEquals(wanted, Arrays.copyOfRange(wav.body(), WavBytes.HEADER, wav.body().length));
        HttpResponse<byte[]> pcm = post("{" + fields + ",\"response_format\":\"pcm\"}");
        assertArrayEquals(wanted, pcm.body());
        assertEquals("16000", pcm.headers().firstValue("X-Sample-Rate").orElse(""));
        String events = new String(post("{" + fields + ",\"response_format\":\"pcm\",\"stream_format\":\"sse\"}")
                .body(), StandardCharsets.UTF_8);
        ByteArrayOutputStream joined = new ByteArrayOutputStream();
        Matcher delta = Pattern.compile("\"audio\":\\s*\"([^\"]+)\"").matcher(events);
        while (delta.find()) {
            joined.writeBytes(Base64.getDecoder().decode(delta.group(1)));
        }
        assertArrayEquals(wanted, joined.toByteArray());
        assertTrue(events.contains("speech.audio.done"), events);
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {
        "400 | {\"input\":\"\"} | is empty",
        "400 | {\"input\":\"\u4f60\u597d\"} | vocab.json",
        "400 | {\"input\":\"a\",\"voice\":\"9\"} | one of 0, 1, 2",
        "400 | {\"input\":\"a\",\"speed\":9} | speed",
        "400 | {\"input\":\"a\",\"response_format\":\"mp3\"} | response_format",
        "404 | {\"input\":\"a\",\"model\":\"other\"} | not served here"})
    void whatCannotBeSpokenIsRefused(int status, String body, String words) throws Exception {
        HttpResponse<byte[]> reply = post(body);
        String text = new String(reply.body(), StandardCharsets.UTF_8);
        assertEquals(status, reply.statusCode(), text);
        assertTrue(text.contains(words), text);
    }

    @Test
    void weightsCountInTheMemoryOfTheServer() {
        assertTrue(speaker.bytes() > 10_000);
        try (ModelPool small = new ModelPool(ModelPool.PoolOptions.defaults().withMemory(speaker.bytes() - 1),
                ModelCatalogue.EMPTY)) {
            assertTrue(assertThrows(IllegalArgumentException.class, () -> small.add("voice", speaker)).getMessage()
                    .contains("--memory"));
            assertFalse(small.speaks("voice"));
        }
        assertTrue(models.entries().stream().anyMatch(entry -> entry.weightBytes() == speaker.bytes()));
        assertTrue(models.speaks("voice") && !models.generates("voice"));
    }

    @Test
    void textsAreLimited() throws Exception {
        HttpResponse<byte[]> reply = post("{\"input\":\"" + "a ".repeat(2100) + "\"}");
        assertEquals(400, reply.statusCode());
        assertTrue(new String(reply.body(), StandardCharsets.UTF_8).contains("4096 at most"));
    }
}
