package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubClient.EnvironmentProxy;
import glia.io.hub.HubException.Kind;
import java.io.IOException;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
    @TempDir
    Path home;

    private HubSettings from(Map<String, String> environment) throws HubException {
        return HubSettings.from(environment, "Linux", home);
    }

    @Test
    void findsTheCachesOfOtherTools() throws HubException {
        HubSettings bare = from(Map.of("HF_HOME", "  "));
        assertEquals(URI.create("https://huggingface.co"), bare.endpoint());
        assertEquals(home.resolve(".cache/huggingface/hub"), bare.hubCache());
        assertEquals(home.resolve(".cache/glia"), bare.gliaCache());
        assertEquals(Optional.empty(), bare.token());
        assertFalse(bare.offline());
        assertTrue(bare.symlinks());

        assertEquals(Path.of("/x/huggingface/hub"), from(Map.of("XDG_CACHE_HOME", "/x")).hubCache());
        assertEquals(Path.of("/x/glia"), from(Map.of("XDG_CACHE_HOME", "/x")).gliaCache());
        assertEquals(Path.of("/h/hub"), from(Map.of("XDG_CACHE_HOME", "/x", "HF_HOME", "/h")).hubCache());
        assertEquals(Path.of("/c"), from(Map.of("HF_HOME", "/h", "HF_HUB_CACHE", "/c")).hubCache());
        assertEquals(Path.of("/o"), from(Map.of("HUGGINGFACE_HUB_CACHE", "/o")).hubCache());
        assertEquals(home.resolve("h/hub"), from(Map.of("HF_HOME", "~/h")).hubCache());
        assertEquals(Path.of("/g"), from(Map.of("GLIA_CACHE", "/g", "XDG_CACHE_HOME", "/x")).gliaCache());
        assertEquals(home.resolve("Library/Caches/glia"), HubSettings.from(Map.of(), "Mac OS X", home).gliaCache());
        assertEquals(Path.of("/l/glia"),
            HubSettings.from(Map.of("LOCALAPPDATA", "/l"), "Windows 11", home).gliaCache());
    }

    @Test
    void readsSwitches() throws HubException {
        for (String yes : List.of("1", "on", "YES", "true")) {
            assertTrue(from(Map.of("HF_HUB_OFFLINE", yes)).offline());
            assertFalse(from(Map.of("HF_HUB_DISABLE_SYMLINKS", yes)).symlinks());
        }
        assertFalse(from(Map.of("HF_HUB_OFFLINE", "0")).offline());
    }

    @Test
    void findsTheTokenAndDoesNotShowIt() throws IOException {
        Files.createDirectories(home.resolve(".cache/huggingface"));
        Files.writeString(home.resolve(".cache/huggingface/token"), "hf_file\n");
        Files.writeString(home.resolve("other"), "hf_other");
        assertEquals(Optional.of("hf_file"), from(Map.of()).token());
        assertEquals(Optional.of("hf_env"), from(Map.of("HF_TOKEN", "hf_env")).token());
        assertEquals(Optional.of("hf_other"), from(Map.of("HF_TOKEN_PATH", "~/other")).token());
        assertEquals(Optional.empty(), from(Map.of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")).token());
        assertFalse(from(Map.of("HF_TOKEN", "hf_env")).toString().contains("hf_env"));

        Files.writeString(home.resolve("other"), "hf_one\nhf_two");
        var refusal = assertThrows(HubException.class, () -> from(Map.of("HF_TOKEN_PATH", "~/other")));
        assertEquals(Kind.SETTINGS, refusal.kind());
        assertFalse(refusal.getMessage().contains("hf_"), refusal.getMessage());
    }

    @Test
    void acceptsAMirrorWithAPath() throws HubException {
        assertEquals(URI.create("http://mirror:8080/hf"),
            from(Map.of("HF_ENDPOINT", "http://mirror:8080/hf//")).endpoint());
    }

    @ParameterizedTest
    @ValueSource(strings = {"huggingface.co", "ftp://x", "http://", "http://user:secret@x", "http://x?y", "http://x#y",
        "http:// x", "file:///x", "https:x"})
    void refusesInvalidEndpoints(String endpoint) {
        var refusal = assertThrows(HubException.class, () -> from(Map.of("HF_ENDPOINT", endpoint)));
        assertEquals(Kind.SETTINGS, refusal.kind());
        assertFalse(refusal.getMessage().contains("secret"));
    }

    @Test
    void readsTheProxyVariables() {
        var proxies = new EnvironmentProxy(Map.of("HTTPS_PROXY", "http://p:3128", "http_proxy", "q",
            "no_proxy", "localhost, .corp.example,10.0.0.1"));
        assertEquals("p:3128", address(proxies, "https://huggingface.co/x"));
        assertEquals("q:80", address(proxies, "http://huggingface.co/x"));
        for (String direct : List.of("http://localhost/", "https://hf.corp.example/", "http://CORP.example/",
                "http://10.0.0.1:9/")) {
            assertEquals(List.of(Proxy.NO_PROXY), proxies.select(URI.create(direct)), direct);
        }
        assertEquals("p:3128", address(proxies, "https://notcorp.example/"));
        assertEquals(List.of(Proxy.NO_PROXY), new EnvironmentProxy(Map.of()).select(URI.create("http://x/")));
        assertEquals(List.of(Proxy.NO_PROXY), new EnvironmentProxy(Map.of("ALL_PROXY", "http://p", "NO_PROXY", "*"))
            .select(URI.create("http://x/")));
        for (String bad : List.of("socks5://p:1", "http://user:secret@p", "http://", "http://a b")) {
            assertThrows(IllegalArgumentException.class,
                () -> new EnvironmentProxy(Map.of("ALL_PROXY", bad)).select(URI.create("http://x/")), bad);
        }
    }

    private static String address(EnvironmentProxy proxies, String uri) {
        var address = (java.net.InetSocketAddress) proxies.select(URI.create(uri)).getFirst().address();
        return address.getHostString() + ":" + address.getPort();
    }
}
