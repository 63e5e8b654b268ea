package glia.serve.openai;

import static glia.serve.TestServer.at;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.MultipartField;
import com.openai.models.audio.AudioResponseFormat;
import com.openai.models.audio.transcriptions.TranscriptionCreateParams;
import glia.engine.LanguageModel;
import glia.engine.SpeechModel;
import glia.engine.speech.TranscribeOptions;
import glia.engine.speech.Transcriber;
import glia.engine.speech.Transcript;
import glia.io.json.JsonValues;
import glia.io.sound.SoundReader;
import glia.serve.TestServer;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Speech over HTTP, against the model in the same process.
class TranscriptionsTest {
    private static final String PATH = "/v1/audio/transcriptions";
    private static final String ENGLISH = "/v1/audio/translations";

    private static TestServer server;
    private static LanguageModel model;
    private static byte[] sound;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        model = SpeechModel.load(folder);
        server = TestServer.start("speech", model);
        sound = SpeechModel.wav(2.5);
    }

    @AfterAll
    static void stop() {
        server.close();
        model.close();
    }

    private static Transcript expected(String language, boolean translates, boolean words) throws IOException {
        try (SoundReader reader = SoundReader.open("sound", new ByteArrayInputStream(sound))) {
            return new Transcriber(model).transcribe(reader, false, TranscribeOptions.defaults()
                    .with(Optional.of(language), translates, true, words), new Transcriber.Listener() { });
        }
    }

    private static TestServer.Reply post(String path, byte[] file, String... fields) throws Exception {
        Map<String, Object> parts = new LinkedHashMap<>(Map.of("model", "speech"));
        for (String field : fields) {
            parts.put(field.split("=", 2)[0], field.split("=", 2)[1]);
        }
        if (file != null) {
            parts.put("file", file);
        }
        return server.form(path, parts);
    }

    @Test
    void everyFormatHasTheTextOfTheModel() throws Exception {
        Transcript german = expected("de", false, false);
        assertFalse(german.segments().isEmpty());
        String[] formats = {"text", "srt", "vtt"};
        String[] texts = {german.text() + "\n", german.srt(), german.vtt()};
        for (int i = 0; i < formats.length; i++) {
            var reply = post(PATH, sound, "language=de", "response_format=" + formats[i]);
            assertEquals(texts[i], reply.text());
            assertEquals(200, reply.status());
        }
        var json = post(PATH, sound, "language=german").json();
        assertEquals(german.text(), json.get("text"));
        assertEquals(3, at(json, "usage", "seconds"));
        var verbose = post(PATH, sound, "language=de", "response_format=verbose_json").json();
        assertEquals(List.of("transcribe", "german", 2.5, german.text()), List.of(verbose.get("task"),
                verbose.get("language"), verbose.get("duration"), verbose.get("text")));
        assertEquals(german.segments().size(), ((List<?>) verbose.get("segments")).size());
        assertEquals(german.segments().getFirst().tokens(), at(verbose, "segments", 0, "tokens"));
        assertFalse(verbose.containsKey("words"));
        var english = post(ENGLISH, sound, "response_format=verbose_json").json();
        assertEquals("translate", english.get("task"));
    }

    @Test
    void wordsAreThereWhereTheyAreWanted() throws Exception {
        Transcript words = expected("en", false, true);
        var json = post(PATH, sound, "language=en", "response_format=verbose_json", "timestamp_granularities[]=word")
                .json();
        assertFalse(json.containsKey("segments"));
        Transcript.Word first = words.segments().getFirst().words().getFirst();
        assertEquals(first.text().strip(), at(json, "words", 0, "word"));
        assertEquals(first.start(), ((Number) at(json, "words", 0, "start")).doubleValue());
    }

    @Test
    void aStreamSendsSegmentsAndThenAll() throws Exception {
        List<String> events = post(PATH, sound, "language=en", "stream=true").events();
        StringBuilder deltas = new StringBuilder();
        for (String event : events.subList(0, events.size() - 1)) {
            Object json = JsonValues.parse(event.getBytes(StandardCharsets.UTF_8));
            assertEquals("transcript.text.delta", at(json, "type"));
            deltas.append(at(json, "delta"));
        }
        Object last = JsonValues.parse(events.getLast().getBytes(StandardCharsets.UTF_8));
        assertEquals("transcript.text.done", at(last, "type"));
        assertEquals(deltas.toString(), at(last, "text"));
        assertEquals(expected("en", false, false).text(), deltas.toString());
    }

    @Test
    void theOfficialClientReadsAnswers() throws Exception {
        OpenAIClient client = OpenAIOkHttpClient.builder().apiKey("none").baseUrl(server.uri("/v1").toString()).build();
        var answer = client.audio().transcriptions().create(TranscriptionCreateParams.builder().model("speech")
                .file(MultipartField.<java.io.InputStream>builder().value(new ByteArrayInputStream(sound))
                        .filename("täst.wav").build())
                .language("en").responseFormat(AudioResponseFormat.JSON).build());
        assertEquals(expected("en", false, false).text(), answer.asTranscription().text());
        client.close();
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', value = {"language=xx|language: language 'xx': expected one of en, de",
            "response_format=diarized_json|response_format: found", "temperature=1.5|temperature: found 1.5, expected",
            "temperature=hot|temperature: found \\\"hot\\\", expected a number",
            "stream=perhaps|stream: found \\\"perhaps\\\", expected true or false",
            "timestamp_granularities[]=word|timestamp_granularities: found", "model=reasoner|model: 'reasoner' writes",
            "nothing=1|nothing: this field is not supported", "file=text|file: found \\\"text\\\", expected one file"})
    void wrongFieldsAreNamed(String field, String message) throws Exception {
        var reply = post(PATH, field.startsWith("file") ? null : sound, field);
        assertEquals(400, reply.status());
        assertTrue(reply.text().contains(message), reply.text());
    }

    @Test
    void damagedRequestsAreExplained() throws Exception {
        for (String[] wrong : new String[][] {{"RIFF no sound", "file: sound.wav: the sound cannot be read"},
                {"", "file: sound.wav: is empty"}, {"some text", "file: sound.wav: is in no known format"}}) {
            var reply = post(PATH, wrong[0].getBytes(StandardCharsets.UTF_8));
            assertEquals(400, reply.status());
            assertTrue(reply.text().contains(wrong[1]), reply.text());
        }
        assertTrue(post(PATH, null).text().contains("file: missing; expected a part with a file"));
        var json = server.post(PATH, "{\"model\":\"speech\"}");
        assertEquals(400, json.status());
        assertTrue(json.text().contains("found the content type application/json, expected multipart/form-data"));
        for (String body : List.of("", "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a\"\r\n\r\nab",
                "--b\r\n" + "x".repeat(20_000))) {
            var reply = server.send(HttpRequest.newBuilder(server.uri(PATH))
                    .header("Content-Type", "multipart/form-data; boundary=b")
                    .POST(HttpRequest.BodyPublishers.ofString(body)).build());
            assertEquals(400, reply.status(), body);
            assertTrue(reply.text().contains("form") || reply.text().contains("file: missing"), reply.text());
        }
    }
}
