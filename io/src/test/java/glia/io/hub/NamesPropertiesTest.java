package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import java.net.ProxySelector;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Assume;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;

/// Names from any source stay inside their folder and inside their part of an address.
class NamesPropertiesTest {
    private static final Path ROOT = Path.of("/cache/hub");
    private static final String ENDPOINT = "http://127.0.0.1:1/mirror";

    /// Strings with characters that are special in a path, a URL or a header.
    @Provide
    Arbitrary<String> wild() {
        Arbitrary<String> pieces = Arbitraries.of("..", ".", "/", "//", "\\", ":", "@", "%2e%2e", "%00", "\0", "\n",
            "\r\n", "?", "#", " ", "+", "&", "a", "Z9", "é", "\u4e2d", "\ud83d\ude00", "\ud83d", "C:", "~", "--",
            "-", "_", "con", "main");
        return Arbitraries.oneOf(pieces.list().ofMaxSize(8).map(list -> String.join("", list)),
            Arbitraries.strings().ofMaxLength(12));
    }

    @Provide
    Arbitrary<String> repositoryPart() {
        return Arbitraries.strings().withChars("abcXYZ019_").withChars("-.").ofMinLength(1).ofMaxLength(40)
            .filter(part -> part.matches("\\w([\\w.-]*\\w)?") && !part.contains("--") && !part.contains("..")
                && !part.endsWith(".git"));
    }

    @Property(tries = 300)
    void aCheckedFileNameStaysInItsFolder(@ForAll("wild") String name) {
        Assume.that(FileNames.isSafe(name));
        Path file = ROOT.resolve(name);
        assertTrue(file.normalize().startsWith(ROOT) && !file.normalize().equals(ROOT));
        assertEquals(file.normalize(), file, "nothing in it to normalize");
        assertEquals(name, ROOT.relativize(file).toString());
    }

    @Property(tries = 1000)
    void aNameIsReadOrRefused(@ForAll("wild") String text) {
        for (String full : new String[] {text, "owner/name" + text, "owner/name@" + text, "owner/name:" + text}) {
            try {
                HubName name = HubName.parse(full);
                Path folder = new HubCache(ROOT, true).folder(name);
                assertEquals(ROOT, folder.getParent());
                assertEquals(folder, folder.normalize());
                assertEquals(name, HubName.parse(name.toString()));
            } catch (HubException e) {
                assertTrue(e.kind() == Kind.NAME || e.kind() == Kind.REFUSED);
                assertFalse(e.getMessage().contains("\n") || e.getMessage().contains("\0"));
            }
        }
    }

    @Property(tries = 300)
    void aNameIsReadBackFromItsText(@ForAll("repositoryPart") String owner, @ForAll("repositoryPart") String name,
            @ForAll("wild") String revision, @ForAll("wild") String file) throws HubException {
        Assume.that(FileNames.isSafe(revision) && !revision.contains(":"));
        Assume.that((file.isEmpty() || FileNames.isSafe(file)) && owner.length() + name.length() < 96);
        var hubName = new HubName(owner, name, revision, file);
        assertEquals(hubName, HubName.parse(hubName.toString()));
    }

    @Property(tries = 300)
    void differentModelsHaveDifferentFolders(@ForAll("repositoryPart") String a, @ForAll("repositoryPart") String b,
            @ForAll("repositoryPart") String c, @ForAll("repositoryPart") String d) {
        var cache = new HubCache(ROOT, true);
        Path first = cache.folder(new HubName(a, b, "main", ""));
        Path second = cache.folder(new HubName(c, d, "main", ""));
        assertEquals(a.equals(c) && b.equals(d), first.equals(second));
    }

    @Property(tries = 300)
    void anAddressHasTheNameAndNothingElse(@ForAll("wild") String revision, @ForAll("wild") String file) {
        Assume.that(FileNames.isSafe(revision) && FileNames.isSafe(file));
        URI uri = api().fileUri(new HubName("owner", "name", HubName.MAIN, ""), revision, file);

        String prefix = ENDPOINT + "/owner/name/resolve/";
        assertTrue(uri.toString().startsWith(prefix));
        assertEquals(null, uri.getRawQuery());
        assertEquals(null, uri.getRawFragment());
        assertEquals(uri, uri.normalize());
        String[] parts = uri.toString().substring(prefix.length()).split("/", 2);
        assertEquals(revision, URLDecoder.decode(parts[0], StandardCharsets.UTF_8));
        assertEquals(file, URLDecoder.decode(parts[1].replace("+", "%2B"), StandardCharsets.UTF_8));
    }

    private static HubApi api() {
        var settings = new HubSettings(URI.create(ENDPOINT), Optional.empty(), ROOT, ROOT, false, true);
        return new HubApi(settings, HTTP);
    }

    private static final HubHttp HTTP = new HubHttp(new HubSettings(URI.create(ENDPOINT), Optional.empty(), ROOT, ROOT,
        false, true), RetryPolicy.RetryClock.SYSTEM, HubHttp.HubTimeouts.DEFAULT, ProxySelector.of(null));

    @Example
    void readsEachForm() throws HubException {
        assertEquals(new HubName("a", "b", "main", ""), HubName.parse("a/b"));
        assertEquals(new HubName("a", "b", "v1/x", ""), HubName.parse("a/b@v1/x"));
        assertEquals(new HubName("a", "b", "main", "Q4_K_M"), HubName.parse("a/b:Q4_K_M"));
        assertEquals(new HubName("a", "b", "v1", "d/m.gguf"), HubName.parse("a/b@v1:d/m.gguf"));
        assertEquals(new HubName("a", "b", "v1", "d/m.gguf"), HubName.parse("a/b:d/m.gguf@v1"));
        assertEquals(new HubName("a", "b", "main", "m@2.gguf"), HubName.parse("a/b@main:m@2.gguf"));
        for (String bad : new String[] {"", "a", "a/", "/b", "a/b/c", "a/b@", "a/b:", "a/b@:x", "a/b:@x", "a/b:x@y:z",
            "a--b/c", "a/b..c", "-a/b", "a/b-", "a/.b", "a/b.git", "a b/c", "a/" + "b".repeat(96), "https://hub/a/b"}) {
            assertEquals(Kind.NAME, assertThrows(HubException.class, () -> HubName.parse(bad), bad).kind(), bad);
        }
        for (String bad : new String[] {"a/b:../c", "a/b:/c", "a/b@../x", "a/b:c\\d", "a/b:c\0"}) {
            assertEquals(Kind.REFUSED, assertThrows(HubException.class, () -> HubName.parse(bad), bad).kind(), bad);
        }
        assertThrows(IllegalArgumentException.class, () -> new HubName("a", "b", "../..", ""));
    }
}
