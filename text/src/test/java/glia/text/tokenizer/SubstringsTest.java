package glia.text.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.text.tokenizer.GgufPairs.Substrings;
import java.nio.charset.StandardCharsets;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.CharRange;
import net.jqwik.api.constraints.StringLength;
import org.junit.jupiter.api.Test;

class SubstringsTest {
    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static boolean has(Substrings text, String piece) {
        return text.has(bytes(piece), 0, piece.length());
    }

    /// Few letters, so that most short pieces are substrings and most long ones almost are.
    @Property
    void substringsAreThoseOfStrings(@ForAll @CharRange(from = 'a', to = 'c') @StringLength(max = 60) String text,
            @ForAll @CharRange(from = 'a', to = 'c') @StringLength(max = 6) String piece) {
        assertEquals(text.contains(piece), has(new Substrings(bytes(text)), piece));
    }

    @Property
    void everySubstringIsFound(@ForAll @StringLength(max = 40) @CharRange(from = '\0', to = '\u00FF') String text) {
        Substrings substrings = new Substrings(bytes(text));
        for (int from = 0; from <= text.length(); from++) {
            for (int to = from; to <= text.length(); to++) {
                assertTrue(substrings.has(bytes(text), from, to));
            }
        }
    }

    @Test
    void theEmptyTextHasOnlyTheEmptySubstring() {
        Substrings nothing = new Substrings(new byte[0]);
        assertTrue(has(nothing, ""));
        for (String piece : new String[] {"\0", "\0\0", "\0\0\0", "\0\0\0\0", "\0\0\0\0\0"}) {
            assertFalse(has(nothing, piece));
        }
    }
}
