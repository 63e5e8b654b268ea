package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.CachedModel.CachedFile;
import glia.io.hub.CachedModel.Place;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelCacheTest {
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private HubSettings settings;
    private HubClient client;
    private ModelCache cache;
    private Path repository;

    @BeforeEach
    void open() {
        hub.with("config.json", "{}").with("tokenizer.json", "{\"a\":1}").with("model.safetensors", "weights");
        settings = hub.settings(folder);
        client = HubClientTest.client(settings);
        cache = new ModelCache(settings);
        repository = folder.resolve("hub/models--acme--tiny");
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private Path pull() throws HubException {
        return client.pull(HubClientTest.name("acme/tiny"), Progress.NONE).path();
    }

    private HubException refusal(Kind kind, String name) {
        var refusal = assertThrows(HubException.class, () -> cache.remove(name));
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        return refusal;
    }

    /// Adds a file as another tool does.
    private Path foreign(String file, String etag, String text) throws IOException {
        Path blob = repository.resolve("blobs").resolve(etag);
        Path pointer = repository.resolve("snapshots").resolve(FakeHub.COMMIT).resolve(file);
        Files.createDirectories(blob.getParent());
        Files.createDirectories(pointer.getParent());
        Files.writeString(blob, text);
        Files.createSymbolicLink(pointer, Path.of("../../blobs").resolve(etag));
        return pointer;
    }

    @Test
    void listsModelsOfBothCaches() throws IOException {
        assertEquals(List.of(), cache.list());
        pull();
        Files.writeString(repository.resolve("blobs/abcd.incomplete"), "half");
        foreign("README.md", "readme", "# tiny");
        Zips.write(folder.resolve("a.zip"), "m.gguf", "GGUF!");
        Path taken = new ArchiveModel(new GliaCache(settings.gliaCache()))
            .locate(folder.resolve("a.zip"), "", Progress.NONE).path();

        List<CachedModel> models = cache.list();
        assertEquals(List.of(new CachedFile("README.md", 6, false), new CachedFile("config.json", 2, true),
            new CachedFile("model.safetensors", 7, true), new CachedFile("tokenizer.json", 7, true),
            new CachedFile("abcd.incomplete", 4, false)), models.getFirst().files());
        assertEquals("acme/tiny", models.getFirst().name());
        assertEquals(Place.HUB, models.getFirst().place());
        assertEquals(26, models.getFirst().sizeBytes());
        assertTrue(models.getFirst().isRemovable());
        assertEquals(new CachedModel(taken.getParent().getFileName().toString(), Place.GLIA, taken.getParent(),
            List.of(new CachedFile("m.gguf", 5, true)), 5), models.get(1));
    }

    @Test
    void removesAllFilesThatGliaDownloaded() throws IOException {
        pull();
        ModelCache.Removal removal = cache.remove("acme/tiny");
        assertEquals(new ModelCache.Removal(3, 16, List.of()), removal);
        assertFalse(Files.exists(repository));
        assertEquals(List.of(), cache.list());
        refusal(Kind.NOT_FOUND, "acme/tiny");
        assertArrayEquals("weights".getBytes(), Files.readAllBytes(pull().resolve("model.safetensors")));
    }

    @Test
    void removesCopiesWithoutSymbolicLinks() throws IOException {
        settings = new HubSettings(settings.endpoint(), settings.token(), settings.hubCache(), settings.gliaCache(),
            false, false);
        client = HubClientTest.client(settings);
        pull();
        assertEquals(3, cache.remove("acme/tiny").numFiles());
        assertFalse(Files.exists(repository));
    }

    @Test
    void keepsFilesOfOtherTools() throws IOException {
        Path readme = foreign("README.md", "readme", "# tiny");
        Path config = foreign("config.json", hub.etag("config.json"), "{}");
        assertTrue(refusal(Kind.REFUSED, "acme/tiny").getMessage().contains("another tool"));

        Path snapshot = pull();
        ModelCache.Removal removal = cache.remove("acme/tiny");
        assertEquals(2, removal.numFiles());
        assertEquals(List.of(readme, config), removal.kept());
        assertEquals("# tiny", Files.readString(readme));
        assertEquals("{}", Files.readString(config));
        assertFalse(Files.exists(snapshot.resolve("model.safetensors")));
        assertTrue(Files.exists(repository.resolve("refs/main")), "the snapshot is still there");
        refusal(Kind.REFUSED, "acme/tiny");
    }

    @Test
    void keepsFilesThatAnotherToolReplacedOrUses() throws IOException {
        Path snapshot = pull();
        Path blob = snapshot.resolve("config.json").toRealPath();
        Files.setLastModifiedTime(blob, FileTime.fromMillis(1_000_000));
        Path other = repository.resolve("snapshots/" + "e".repeat(40) + "/tokenizer.json");
        Files.createDirectories(other.getParent());
        Files.createSymbolicLink(other, Path.of("../../blobs", hub.etag("tokenizer.json")));

        ModelCache.Removal removal = cache.remove("acme/tiny");
        assertEquals(1, removal.numFiles(), "the weights");
        assertEquals("{}", Files.readString(snapshot.resolve("config.json")));
        assertEquals("{\"a\":1}", Files.readString(other));
    }

    @Test
    void removesPartialFilesUnlessTheyAreBeingDownloaded() throws IOException {
        hub.planTruncation(5, 1);
        assertThrows(HubException.class, this::pull);
        Path part = repository.resolve("blobs").resolve(hub.etag("model.safetensors") + ".incomplete");
        assertTrue(Files.exists(part));
        try (var held = CacheLock.acquire(folder.resolve("hub/.locks/models--acme--tiny")
                .resolve(hub.etag("model.safetensors") + ".lock"), "", Progress.NONE)) {
            assertTrue(held != null);
            refusal(Kind.REFUSED, "acme/tiny");
            assertTrue(Files.exists(part));
        }
        cache.remove("acme/tiny");
        assertFalse(Files.exists(repository));
    }

    @Test
    void removesExtractedModels() throws IOException {
        Path taken = BundledModel.STORIES.unpack(new GliaCache(settings.gliaCache()), Progress.NONE);
        String name = cache.list().getFirst().name();
        assertEquals(5, cache.remove(name).numFiles());
        assertFalse(Files.exists(taken));
    }

    @Test
    void suggestsAName() throws IOException {
        pull();
        assertTrue(refusal(Kind.NOT_FOUND, "acme/tny").getMessage().contains("Did you mean acme/tiny?"));
        refusal(Kind.NOT_FOUND, "../..");
        refusal(Kind.NOT_FOUND, "");
    }

    @Test
    void toleratesADamagedRecord() throws IOException {
        pull();
        Path record = settings.gliaCache().resolve("hub-files.jsonl");
        String text = Files.readString(record);
        Files.writeString(record, "{\"content\":\"/x\n[]\nnull\n\n" + text.substring(0, text.length() - 30));
        ModelCache.Removal removal = cache.remove("acme/tiny");
        assertEquals(1, removal.kept().size(), "the file of the line that was cut off counts as another's");
    }
}
