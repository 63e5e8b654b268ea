package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.IOException;
import java.net.ProxySelector;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Successful pulls: the requests, the files written, and what is not requested again.
class HubClientTest {
    static final byte[] WEIGHTS = new byte[300_000];

    static {
        new Random(7).nextBytes(WEIGHTS);
    }

    @TempDir
    Path folder;
    final FakeHub hub = new FakeHub();
    final Steps steps = new Steps();
    HubSettings settings;
    HubClient client;

    @BeforeEach
    void fill() {
        hub.with("README.md", "# tiny").with("config.json", "{\"model_type\":\"llama\"}")
            .with("tokenizer.json", "{}").with("model.safetensors", WEIGHTS)
            .with("pytorch_model.bin", "pickle").with("onnx/model.onnx", "onnx");
        settings = hub.settings(folder);
        client = client(settings);
    }

    static HubClient client(HubSettings settings) {
        return new HubClient(settings, new FakeClock(), HubHttp.HubTimeouts.DEFAULT, ProxySelector.of(null));
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    static HubName name(String text) {
        try {
            return HubName.parse(text);
        } catch (HubException e) {
            throw new AssertionError(e);
        }
    }

    private Path repository() {
        return folder.resolve("hub").resolve("models--acme--tiny");
    }

    @Test
    void pullsTheFilesOfAModelIntoTheSharedLayout() throws IOException {
        ModelLocation choice = client.pull(name("acme/tiny"), steps);

        Path snapshot = repository().resolve("snapshots").resolve(FakeHub.COMMIT);
        assertEquals(snapshot, choice.path());
        assertEquals(Origin.HUB, choice.origin());
        assertEquals(FakeHub.COMMIT, Files.readString(repository().resolve("refs/main")));
        assertEquals(List.of("config.json", "model.safetensors", "tokenizer.json"), HubCache.files(snapshot));
        for (String file : HubCache.files(snapshot)) {
            assertEquals(Path.of("../../blobs", hub.etag(file)), Files.readSymbolicLink(snapshot.resolve(file)));
            assertArrayEquals(hub.files.get(file), Files.readAllBytes(snapshot.resolve(file)));
            assertTrue(Files.exists(folder.resolve("hub/.locks/models--acme--tiny").resolve(hub.etag(file) + ".lock")));
            assertTrue(steps.finished.contains(file));
        }
        assertEquals(3, HubCache.files(repository().resolve("blobs")).size());
        assertFalse(hub.requests.stream().anyMatch(request -> request.path().contains("pytorch_model")));
    }

    @Test
    void pullsTheModulesOfASentenceEncoder() throws IOException {
        hub.with("modules.json", "[]").with("1_Pooling/config.json", "{\"pooling_mode_cls_token\": true}");
        Path model = client.pull(name("acme/tiny"), steps).path();
        assertEquals("[]", Files.readString(model.resolve("modules.json")));
        assertEquals("{\"pooling_mode_cls_token\": true}", Files.readString(model.resolve("1_Pooling/config.json")));
        assertEquals("{\"model_type\":\"llama\"}", Files.readString(model.resolve("config.json")));
    }

    @Test
    void sendsTheTokenToTheHubAndToNoOtherHost() throws IOException {
        client.pull(name("acme/tiny"), steps);

        for (FakeHub.Request request : hub.requests) {
            assertEquals(request.toStore() ? null : "Bearer " + FakeHub.TOKEN, request.authorization(), request.path());
        }
        assertTrue(hub.requests.stream().anyMatch(FakeHub.Request::toStore));
    }

    @Test
    void doesNotRequestCachedFiles() throws IOException {
        client.pull(name("acme/tiny"), steps);
        hub.requests.clear();

        client.pull(name("acme/tiny"), steps);
        assertEquals(1, hub.requests.size(), "the listing only");

        hub.requests.clear();
        ModelLocation found = client.find(name("acme/tiny")).orElseThrow();
        assertEquals(Origin.HUB_CACHE, found.origin());
        assertEquals(List.of(), hub.requests);
        assertEquals(found.path(), client.find(name("acme/tiny@" + FakeHub.COMMIT)).orElseThrow().path());
    }

    @Test
    void doesNotFindIncompleteModels() throws IOException {
        assertEquals(Optional.empty(), client.find(name("acme/tiny")));
        Path snapshot = client.pull(name("acme/tiny"), steps).path();
        for (String needed : List.of("config.json", "tokenizer.json", "model.safetensors")) {
            Path aside = folder.resolve("aside");
            Files.move(snapshot.resolve(needed), aside);
            assertEquals(Optional.empty(), client.find(name("acme/tiny")), needed);
            Files.move(aside, snapshot.resolve(needed));
            assertTrue(client.find(name("acme/tiny")).isPresent());
        }
    }

    @Test
    void reusesBlobsOfOtherCommits() throws IOException {
        client.pull(name("acme/tiny"), steps);
        hub.commit = "f".repeat(40);
        hub.with("config.json", "{\"model_type\":\"llama\",\"v\":2}");
        hub.requests.clear();

        Path snapshot = client.pull(name("acme/tiny"), steps).path();

        assertEquals("f".repeat(40), snapshot.getFileName().toString());
        assertEquals("f".repeat(40), Files.readString(repository().resolve("refs/main")));
        assertEquals(0, hub.requests.stream().filter(FakeHub.Request::toStore).count());
        assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve("model.safetensors")));
        assertTrue(client.find(name("acme/tiny@" + FakeHub.COMMIT)).isPresent(), "the older commit stays");
    }

    @Test
    void movesAndCopiesWithoutSymbolicLinks() throws IOException {
        HubClient without = client(new HubSettings(settings.endpoint(), settings.token(), settings.hubCache(),
            settings.gliaCache(), false, false));
        Path snapshot = without.pull(name("acme/tiny"), steps).path();

        assertFalse(Files.isSymbolicLink(snapshot.resolve("model.safetensors")));
        assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve("model.safetensors")));
        assertEquals(List.of(), HubCache.files(repository().resolve("blobs")));
        assertTrue(without.find(name("acme/tiny")).isPresent());
        hub.requests.clear();
        without.pull(name("acme/tiny"), steps);
        assertEquals(1, hub.requests.size());

        Path blob = repository().resolve("blobs").resolve(hub.etag("model.safetensors"));
        Files.move(snapshot.resolve("model.safetensors"), blob);
        without.pull(name("acme/tiny"), steps);
        assertArrayEquals(WEIGHTS, Files.readAllBytes(snapshot.resolve("model.safetensors")));
        assertTrue(Files.exists(blob), "a blob that was there before may be another's: copied, not moved");
    }

    @Test
    void encodesRevisions() throws IOException {
        client.pull(name("acme/tiny@refs/pr/1"), steps);

        assertEquals("/api/models/acme/tiny/revision/refs%2Fpr%2F1", hub.requests.getFirst().path());
        assertEquals(FakeHub.COMMIT, Files.readString(repository().resolve("refs/refs/pr/1")));
        assertTrue(client.find(name("acme/tiny@refs/pr/1")).isPresent());
        assertEquals(Optional.empty(), client.find(name("acme/tiny")));
    }

    @Test
    void pullsOneGgufByFileOrTag() throws IOException {
        hub.files.clear();
        hub.with("config.json", "{}").with("tiny-Q4_K_M.gguf", "GGUF4").with("tiny-Q8_0.gguf", "GGUF8")
            .with("tiny-f16.gguf", "GGUF16");

        for (String wanted : List.of("", ":Q4_K_M", ":q4_k_m", ":tiny-Q4_K_M.gguf")) {
            ModelLocation choice = client.pull(name("acme/tiny" + wanted), steps);
            assertEquals("GGUF4", Files.readString(choice.path()));
            assertTrue(choice.path().endsWith("tiny-Q4_K_M.gguf"));
            assertEquals(choice.path(), client.find(name("acme/tiny" + wanted)).orElseThrow().path());
        }
        assertEquals("GGUF16", Files.readString(client.pull(name("acme/tiny:f16"), steps).path()));
        Set<String> fetched = hub.requests("GET", "/store/").stream().map(FakeHub.Request::path)
            .collect(Collectors.toSet());
        assertEquals(Set.of("/store/tiny-Q4_K_M.gguf", "/store/tiny-f16.gguf"), fetched);
    }

    @Test
    void sendsNoRequestsWhenOffline() throws IOException {
        HubClient offline = client(new HubSettings(settings.endpoint(), settings.token(), settings.hubCache(),
            settings.gliaCache(), true, true));
        var refused = assertThrows(HubException.class, () -> offline.pull(name("acme/tiny"), steps));
        assertEquals(Kind.OFFLINE, refused.kind());
        assertTrue(refused.getMessage().contains("HF_HUB_OFFLINE"));
        assertEquals(List.of(), hub.requests);

        client.pull(name("acme/tiny"), steps);
        assertTrue(offline.find(name("acme/tiny")).isPresent());
    }

    @Test
    void downloadsEmptyFilesAndFilesOfUnknownSize() throws IOException {
        hub.with("vocab.txt", "");
        hub.plan(false, "HEAD", "/resolve/" + FakeHub.COMMIT + "/config.json", exchange -> {
            exchange.getResponseHeaders().set("X-Repo-Commit", FakeHub.COMMIT);
            exchange.getResponseHeaders().set("ETag", "W/\"" + hub.etag("config.json") + "\"");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        hub.plan(false, "GET", "/resolve/" + FakeHub.COMMIT + "/config.json", exchange -> {
            exchange.sendResponseHeaders(200, 0);  // chunked
            exchange.getResponseBody().write(hub.files.get("config.json"));
            exchange.close();
        });

        Path snapshot = client.pull(name("acme/tiny"), steps).path();

        assertEquals(0, Files.size(snapshot.resolve("vocab.txt")));
        assertArrayEquals(hub.files.get("config.json"), Files.readAllBytes(snapshot.resolve("config.json")));
    }
}
