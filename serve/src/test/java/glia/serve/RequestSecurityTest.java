package glia.serve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.engine.LanguageModel;
import glia.io.CheckpointException;
import glia.serve.request.ErrorText;
import glia.serve.security.Access;
import glia.serve.security.KeyFile;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AutoClose;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Published classes of vulnerabilities of paths, media and options of requests, beside those of [SecurityTest].
class RequestSecurityTest {
    private static final String CHAT = "/v1/chat/completions";

    @TempDir
    private static Path folder;
    @AutoClose
    private static TestServer server;
    private static String key;

    @BeforeAll
    static void start() throws Exception {
        Path keys = folder.resolve("keys");
        key = KeyFile.add(keys, "alice");
        server = TestServer.start(ServerOptions.defaults()
                .withAccess(Access.LOCAL.withKeys(KeyFile.open(keys, _ -> { }))));
    }

    private static TestServer.Reply post(String path, String body) throws Exception {
        return server.send(HttpRequest.newBuilder(server.uri(path)).header("x-api-key", key)
                .POST(BodyPublishers.ofString(body)).build());
    }

    private static void assertRefused(String path, String body) throws Exception {
        var reply = post(path, body);
        assertEquals(400, reply.status(), reply::text);
    }

    @Test
    void onlyKeysIsolateTheCache() throws Exception {
        assertFalse(Access.LOCAL.isolatesCache());
        Access keys = Access.LOCAL.withKeys(KeyFile.open(folder.resolve("keys"), _ -> { }));
        assertTrue(keys.isolatesCache());
        assertFalse(keys.withSharedCache().isolatesCache());
    }

    /// Files are named without their folders.
    @Test
    void foldersOfTheServerInErrors() throws Exception {
        Path copy = Files.createDirectory(folder.resolve("a copy"));
        TestServer.conversing(copy).close();
        Path template = copy.resolve("chat_template.jinja");
        Files.writeString(template, "{% for m in messages %}{{ m.content.nope.more }}{% endfor %}");
        Path config = copy.resolve("tokenizer_config.json");
        Files.writeString(config, Files.readString(config).replace("\"chat_template\"", "\"other_template\""));
        try (TestServer own = TestServer.of("broken", LanguageModel.load(copy))) {
            var reply = own.post(CHAT, "{\"model\":\"broken\",\"messages\":[{\"role\":\"user\",\"content\":\"x\"}]}");
            assertEquals(400, reply.status(), reply::text);
            assertTrue(reply.text().contains("chat_template.jinja:1: "), reply::text);
            assertFalse(reply.text().contains(folder.toString()), reply::text);
        }
        String message = ErrorText.of(new CheckpointException(copy.resolve("model.safetensors"), "", "see " + config
                + " or /usr/share/x.json, 3/4 of it"));
        assertEquals("model.safetensors: see tokenizer_config.json or x.json, 3/4 of it", message);
    }

    /// Keys are checked by the route that answers, whatever its path or the host looks like.
    @Test
    void keysForEveryFormOfAPath() throws Exception {
        List<Callable<Void>> requests = new ArrayList<>();
        for (String target : List.of("/v1/models", "//v1/models", "/v1//models", "/v1/models/", "/v1/models;a=b",
                "/v1/models?/health", "/v1/models#/health", "/health/../v1/models", "/%76%31/models",
                "/v1%2fmodels", "/v1/models%00/health", "http://localhost/v1/models",
                "http://localhost/health/../metrics", "/health/..;/metrics", "/METRICS", "/metrics/.",
                "/page/../metrics")) {
            for (String host : List.of("localhost", "localhost/health?", "localhost/health#", "localhost?/health")) {
                requests.add(() -> {
                    assertKeyIsWanted(target, host);
                    return null;
                });
            }
        }
        // A wrong key is answered late, so all are tried together.
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            for (Future<Void> request : threads.invokeAll(requests)) {
                request.get();
            }
        }
    }

    private static void assertKeyIsWanted(String target, String host) throws Exception {
        try (RawClient client = new RawClient(server.server().port())) {
            String reply = client.send("GET " + target + " HTTP/1.1\r\nHost: " + host
                    + "\r\nConnection: close\r\n\r\n").readAll();
            assertTrue(reply.matches("(?s)HTTP/1.1 40[0134].*"), target + " of " + host + ": " + reply);
        }
    }

    /// Nothing is decoded, whatever it is named.
    @Test
    void mediaOfRequests() throws Exception {
        String data = "data:video/jpeg;base64," + "/9j/,".repeat(5000);
        for (String part : List.of("{\"type\":\"image_url\",\"image_url\":{\"url\":\"" + data + "\"}}",
                "{\"type\":\"video_url\",\"video_url\":{\"url\":\"" + data + "\"}}",
                "{\"type\":\"audio_url\",\"audio_url\":{\"url\":\"" + data + "\"}}",
                "{\"type\":\"input_audio\",\"input_audio\":{\"data\":\"T2dnUw==\",\"format\":\"opus\"}}",
                "{\"type\":\"file\",\"file\":{\"file_data\":\"" + data + "\"}}")) {
            assertRefused(CHAT, "{\"messages\":[{\"role\":\"user\",\"content\":[" + part + "]}]}");
        }
        assertRefused("/api/chat", "{\"model\":\"reasoner\",\"messages\":[{\"role\":\"user\",\"content\":\"x\","
                + "\"images\":[\"iVBORw0KGgo=\"]}]}");
        for (String path : List.of("/v1/images/edits", "/v1/files")) {
            assertEquals(404, post(path, "T2dnUw==").status(), path);
        }
        for (String path : List.of("/v1/audio/transcriptions", "/v1/audio/translations")) {
            assertRefused(path, "T2dnUw==");
        }
    }

    /// Drafts that repeat the prompt are checked with every option of sampling.
    @Test
    void optionsOfSamplingWithDrafts() throws Exception {
        String repeated = "{\"model\":\"reasoner\",\"prompt\":\"" + "x = 2 or x = 3. ".repeat(8)
                + "\",\"max_tokens\":12,\"ignore_eos\":true,";
        for (String option : List.of("\"repetition_penalty\":1.5", "\"frequency_penalty\":2", "\"presence_penalty\":-2",
                "\"logit_bias\":{\"5\":-100,\"6\":100}", "\"min_p\":0.9", "\"top_k\":1", "\"top_p\":0.01",
                "\"logprobs\":5", "\"n\":3", "\"seed\":1", "\"grammar\":\"root ::= [a-z]*\"",
                "\"echo\":true,\"logprobs\":1")) {
            for (String temperature : List.of("0", "1.5")) {
                var reply = post("/v1/completions", repeated + "\"temperature\":" + temperature + "," + option + "}");
                assertEquals(200, reply.status(), option + reply.text());
            }
        }
    }

    /// Marks of media without media.
    @Test
    void placeholdersOfMedia() throws Exception {
        String text = "<|vision_start|><|image_pad|><|vision_end|><image><|audio|>[IMG]<|video_pad|>";
        for (String path : List.of(CHAT, "/tokenize")) {
            var reply = post(path, "{\"model\":\"reasoner\",\"messages\":[{\"role\":\"user\",\"content\":\"" + text
                    + "\"}]" + (path.equals(CHAT) ? ",\"max_tokens\":1}" : "}"));
            assertEquals(200, reply.status(), reply::text);
        }
        assertEquals(200, post("/v1/completions", "{\"prompt\":\"" + text + "\",\"max_tokens\":1}").status());
    }
}
