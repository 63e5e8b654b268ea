package glia.cli.args;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Optional;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.AlphaChars;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class SuggestionTest {
    private static final List<String> COMMANDS = List.of("chat", "run", "pull", "models", "inspect", "perplexity");

    @Test
    void findsTheWordThatWasMeant() {
        assertEquals(Optional.of("perplexity"), Suggestion.of("preplexity", COMMANDS));
        assertEquals(Optional.of("perplexity"), Suggestion.of("perp", COMMANDS));
        assertEquals(Optional.of("chat"), Suggestion.of("chta", COMMANDS));
        assertEquals(Optional.of("models"), Suggestion.of("model", COMMANDS));
        assertEquals(Optional.empty(), Suggestion.of("frobnicate", COMMANDS));
        assertEquals(Optional.empty(), Suggestion.of("", COMMANDS));
    }

    @Test
    void countsInsertionsDeletionsReplacementsAndSwaps() {
        assertEquals(0, Suggestion.distance("glia", "glia"));
        assertEquals(1, Suggestion.distance("glia", "gila"));
        assertEquals(3, Suggestion.distance("kitten", "sitting"));
        assertEquals(4, Suggestion.distance("", "glia"));
        assertEquals(3, Suggestion.distance("ca", "abc"));
    }

    @Property
    void isADistance(@ForAll @AlphaChars @StringLength(max = 8) String a,
                     @ForAll @AlphaChars @StringLength(max = 8) String b) {
        int distance = Suggestion.distance(a, b);
        assertEquals(distance, Suggestion.distance(b, a));
        assertEquals(a.equals(b), distance == 0);
        int longer = Math.max(a.length(), b.length());
        int difference = Math.abs(a.length() - b.length());
        assertEquals(distance, Math.clamp(distance, difference, longer));
    }
}
