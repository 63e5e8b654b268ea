package glia.io.hub;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.io.hub.HubException.Kind;
import java.net.URI;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubAddressTest {
    private static final URI HUB = URI.create("https://huggingface.co");
    private static final URI MIRROR = URI.create("http://localhost:8080/mirror");

    @ParameterizedTest
    @CsvSource({
        "https://huggingface.co/o/n, o/n",
        "https://huggingface.co/o/n/, o/n",
        "HTTP://HuggingFace.co/o/n, o/n",
        "'  https://huggingface.co/o/n ', o/n",
        "huggingface.co/o/n, o/n",
        "https://www.huggingface.co/o/n.git, o/n",
        "hf.co/o/n, o/n",
        "hf.co/o/n:Q4_K_M, o/n:Q4_K_M",
        "https://hf.co/o/n@v1, o/n@v1",
        "hf://o/n, o/n",
        "https://huggingface.co/o/n?library=transformers, o/n",
        "https://huggingface.co/o/n#usage, o/n",
        "https://huggingface.co/o/n/tree/main, o/n",
        "https://huggingface.co/o/n/tree/main/, o/n",
        "https://huggingface.co/o/n/tree/v1.0, o/n@v1.0",
        "https://huggingface.co/o/n/tree/refs%2Fpr%2F1, o/n@refs/pr/1",
        "https://huggingface.co/o/n/blob/main/m-Q8_0.gguf, o/n:m-Q8_0.gguf",
        "https://huggingface.co/o/n/blob/main/a/m%20x.gguf, o/n:a/m x.gguf",
        "https://huggingface.co/o/n/resolve/v1/m.gguf?download=true, o/n@v1:m.gguf",
        "https://huggingface.co/o/n/raw/main/m+x.gguf, o/n:m+x.gguf",
        "https://huggingface.co/o/n/blob/main, o/n",
        "https://huggingface.co/o/n/tree, o/n",
    })
    void readsAddresses(String address, String name) throws HubException {
        assertEquals(Optional.of(HubName.parse(name)), HubAddress.parse(address, HUB));
        assertEquals(Optional.of(HubName.parse(name)), HubAddress.parse(address, MIRROR));
    }

    @Test
    void readsAddressesOfAMirror() throws HubException {
        assertEquals(Optional.of(HubName.parse("o/n@v1:m.gguf")),
            HubAddress.parse("http://localhost:8080/mirror/o/n/resolve/v1/m.gguf", MIRROR));
        assertThrows(HubException.class, () -> HubAddress.parse("http://localhost:8081/mirror/o/n", MIRROR));
    }

    @ParameterizedTest
    @ValueSource(strings = {"o/n", "n", "o/n@main:m.gguf", "", "/abs/path", "./x", "example.org/o/n", "a\nb"})
    void ignoresOtherTexts(String text) throws HubException {
        assertEquals(Optional.empty(), HubAddress.parse(text, HUB));
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://huggingface.co", "https://huggingface.co/o", "https://huggingface.co/datasets/o/n",
        "https://huggingface.co/spaces/o/n", "https://huggingface.co/o/n/discussions/1", "https://example.org/o/n",
        "https://huggingface.co/o/n/tree/%zz", "https://huggingface.co/-/n", "https:///o/n", "hf://n"})
    void refusesOtherPages(String address) {
        var refusal = assertThrows(HubException.class, () -> HubAddress.parse(address, HUB));
        assertEquals(Kind.NAME, refusal.kind(), refusal.getMessage());
    }

    @ParameterizedTest
    @ValueSource(strings = {"https://huggingface.co/o/n/blob/main/..%2f..%2fx.gguf",
        "https://huggingface.co/o/n/blob/main/a/../../x.gguf", "https://huggingface.co/o/n/tree/..%2f..",
        "https://huggingface.co/o/n/blob/main/%00.gguf"})
    void refusesPathsThatLeaveTheirFolder(String address) {
        var refusal = assertThrows(HubException.class, () -> HubAddress.parse(address, HUB));
        assertTrue(refusal.kind() == Kind.REFUSED || refusal.kind() == Kind.NAME, refusal.getMessage());
    }
}
