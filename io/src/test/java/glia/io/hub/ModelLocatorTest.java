package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ModelLocatorTest {
    @TempDir
    Path folder;
    private final FakeHub hub = new FakeHub();
    private final Steps steps = new Steps();
    private ModelLocator locator;

    @BeforeEach
    void open() {
        hub.with("config.json", "{}").with("tokenizer.json", "{}").with("model.safetensors", "w");
        HubSettings settings = hub.settings(folder);
        locator = locator(settings);
    }

    private static ModelLocator locator(HubSettings settings) {
        return new ModelLocator(settings, () -> HubClientTest.client(settings),
            new Pip(List.of(), Duration.ofSeconds(1)), PackagedModel.SMOLLM2);
    }

    @AfterEach
    void stop() {
        hub.close();
    }

    private Path file(String name, String text) throws IOException {
        Path file = folder.resolve(name);
        Files.createDirectories(file.getParent());
        return Files.writeString(file, text);
    }

    private void assertLocal(Path expected, String model) throws HubException {
        ModelLocation choice = locator.locate(model, steps);
        assertEquals(expected, choice.path());
        assertEquals(Origin.LOCAL, choice.origin());
        assertEquals(List.of(), hub.requests);
    }

    private String refusal(Kind kind, String model) {
        var refusal = assertThrows(HubException.class, () -> locator.locate(model, steps), model);
        assertEquals(kind, refusal.kind(), refusal.getMessage());
        return refusal.getMessage();
    }

    @Test
    void findsFoldersAndFiles() throws IOException {
        Path weights = file("tiny/model.safetensors", "w");
        assertTrue(refusal(Kind.NOT_FOUND, weights.toString()).contains("no config.json beside it"));
        file("tiny/config.json", "{}");
        assertLocal(folder.resolve("tiny"), folder.resolve("tiny").toString());
        assertLocal(weights, weights.toString());

        Path gguf = file("g/m-Q8_0.gguf", "GGUF");
        assertLocal(gguf, gguf.toString());
        assertLocal(gguf, folder.resolve("g").toString());
        Path other = file("g/m-f32.gguf", "GGUF");
        assertLocal(gguf, folder.resolve("g").toString());
        assertLocal(other, folder.resolve("g") + ":f32");
        assertLocal(file("anything", "GGUF"), folder.resolve("anything").toString());
    }

    @Test
    void findsAModelFolderOfTheHubsCache() throws IOException {
        Path snapshot = locator.locate("acme/tiny", steps).path();
        hub.requests.clear();
        Path repository = folder.resolve("hub/models--acme--tiny");
        assertLocal(snapshot, repository.toString());
        Files.createDirectories(repository.resolve("snapshots/other"));
        assertLocal(snapshot, repository.toString());
        Files.delete(repository.resolve("refs/main"));
        assertTrue(refusal(Kind.NOT_FOUND, repository.toString()).contains("2 snapshots"));
    }

    @Test
    void findsModelsInArchives() throws IOException {
        Path zip = Zips.write(folder.resolve("a.bin"), "x/m-Q4_0.gguf", "4", "m-Q8_0.gguf", "8");
        assertEquals("8", Files.readString(locator.locate(zip + ":Q8_0", steps).path()));
        assertEquals("4", Files.readString(locator.locate(zip + ":x/m-Q4_0.gguf", steps).path()));
        refusal(Kind.NOT_FOUND, zip.toString());
        assertTrue(refusal(Kind.NAME, file("m.gguf", "GGUF") + ":x").contains("not a zip"));
    }

    @Test
    void findsTheBundledModel() throws IOException {
        ModelLocation choice = locator.locate("stories260K", steps);
        assertEquals(Origin.BUNDLED, choice.origin());
        assertEquals(List.of("NOTICE", "config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"),
            HubCache.files(choice.path()));
        assertEquals(1_044_992, Files.size(choice.path().resolve("model.safetensors")));
        assertEquals(choice.path(), locator.locate("stories260K", steps).path());
        assertLocal(choice.path(), choice.path().toString());
    }

    @Test
    void findsEachBundledModel() throws IOException {
        assertEquals(List.of("stories260K", "reasoner"), ModelLocator.shipped());
        ModelLocation reasoner = locator.locate("reasoner", steps);
        assertEquals(Origin.BUNDLED, reasoner.origin());
        assertTrue(reasoner.explanation().startsWith("reasoner, a small model that is shipped"),
            reasoner.explanation());
        long bytes = 0;
        for (String file : HubCache.files(reasoner.path())) {
            bytes += Files.size(reasoner.path().resolve(file));
        }
        assertTrue(bytes > 5_000_000 && bytes < 12_000_000, bytes + " bytes");
        Files.createDirectories(folder.resolve("glia/bundled/reasoner-0"));
        assertEquals(reasoner.path(), locator.locate("reasoner", steps).path(), "not a copy of other weights");
        assertTrue(refusal(Kind.NAME, "resoner").contains("Did you mean reasoner?"));
    }

    @Test
    void findsNamesOfGliasCache() throws IOException {
        Path zip = Zips.write(folder.resolve("a.zip"), "m.gguf", "GGUF");
        Path taken = locator.locate(zip.toString(), steps).path();
        assertLocal(taken, taken.getParent().getFileName().toString());
    }

    @Test
    void prefersTheCacheForHubNames() throws IOException {
        assertEquals(Origin.HUB, locator.locate("acme/tiny", steps).origin());
        hub.requests.clear();
        assertEquals(Origin.HUB_CACHE, locator.locate("acme/tiny", steps).origin());
        assertEquals(List.of(), hub.requests);
    }

    @Test
    void suggestsSimilarNames() throws IOException {
        locator.locate("acme/tiny", steps);
        assertTrue(refusal(Kind.NOT_FOUND, "acme/tinny").contains("Did you mean acme/tiny?"));
        assertTrue(refusal(Kind.NAME, "tinny").contains("Did you mean acme/tiny?"));
        assertTrue(refusal(Kind.NAME, "smollm2-135-instruct")
            .contains("Did you mean HuggingFaceTB/SmolLM2-135M-Instruct?"));
        assertTrue(refusal(Kind.NAME, "stories260k").contains("Did you mean stories260K?"));
        assertTrue(!refusal(Kind.NOT_FOUND, "other/thing").contains("Did you mean"));
    }

    @Test
    void reportsUnknownNamesAndFormats() throws IOException {
        for (String nothing : List.of("", "models/m.gguf", "./m", "/no/such/model", "~/m", "m.zip", "a/b/c",
                "x/m.safetensors", "\0")) {
            String message = refusal(Kind.NAME, nothing);
            assertTrue(message.contains("There is no file or folder"), message);
        }
        refusal(Kind.REFUSED, "acme/tiny:../../x");
        assertTrue(refusal(Kind.NOT_FOUND, file("m/pytorch_model.bin", "x").getParent().toString())
            .contains("no config.json"));
        assertTrue(refusal(Kind.NOT_FOUND, file("m.pt", "\u0080\u0002").toString()).contains("no config.json"));
        assertTrue(refusal(Kind.NOT_FOUND, file("m.txt", "").toString()).contains("not a model in a format"));
        assertTrue(refusal(Kind.NOT_FOUND, file("run/model/adapter_config.json", "{}").getParent().getParent()
            .toString()).contains("its model is in the folder model"));
        assertTrue(refusal(Kind.NOT_FOUND, Files.createDirectory(folder.resolve("e")).toString()).contains("nothing"));
        assertEquals(List.of(), hub.requests);
    }

    @Test
    void findsACachedModelByItsNameAlone() throws IOException {
        Path snapshot = locator.locate("acme/tiny", steps).path();
        hub.requests.clear();
        for (String name : List.of("tiny", "Tiny", "ACME/Tiny", "tiny@main", "hf.co/acme/tiny")) {
            assertEquals(snapshot, locator.locate(name, steps).path(), name);
        }
        assertEquals(List.of(), hub.requests);
        assertEquals(Origin.HUB, locator.pull("tiny", steps).origin(), "a pull asks the hub");
        assertEquals(1, hub.requests.size());
    }

    @Test
    void findsModelsByAddress() throws IOException {
        Path snapshot = locator.locate(hub.endpoint() + "/acme/tiny/", steps).path();
        for (String address : List.of("https://huggingface.co/acme/tiny", hub.endpoint() + "/acme/tiny/tree/main",
                "https://huggingface.co/acme/tiny/blob/main/model.safetensors?download=true")) {
            assertTrue(locator.locate(address, steps).path().startsWith(snapshot), address);
        }
        assertTrue(refusal(Kind.NAME, "https://example.org/acme/tiny").contains("HF_ENDPOINT"));
    }

    @Test
    void reportsPointersAndPages() throws IOException {
        String pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n";
        file("x/config.json", "{}");
        for (String name : List.of("x/m.gguf", "x/model.safetensors", "m.zip", "m.bin")) {
            assertTrue(refusal(Kind.CORRUPT, file(name, pointer).toString()).contains("git lfs pull"), name);
            assertTrue(refusal(Kind.CORRUPT, file(name, "\n<!DOCTYPE html><html>").toString()).contains("HTML"), name);
        }
    }

    @Test
    void reportsAMissingConfig() throws IOException {
        for (int i = 0; i < 60; i++) {
            file("w/model-%05d-of-00060.safetensors".formatted(i + 1), "w");
        }
        String message = refusal(Kind.NOT_FOUND, folder.resolve("w").toString());
        assertTrue(message.contains("no config.json") && message.contains("and 55 more"), message);
    }
}
