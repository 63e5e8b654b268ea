package glia.engine.grammar;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Masks that begin at a trigger, against the texts of a small vocabulary. `<<` begins the grammar `ab?!`.
class TriggeredMaskTest {
    /// Some tokens run over the trigger, and one over the grammar's begin too.
    private static final List<String> TOKENS = List.of("<", "<<", "a", "b", "!", "<a", "<b", "<<a", "<ab", "x<", "x<<!",
            "bx", "a!");
    private static final int MARKER = TOKENS.size();
    private static final int END = MARKER + 1;
    private static final GrammarVocabulary VOCABULARY = vocabulary();
    private static final Pattern FORMED = Pattern.compile("<<(ab?!)");

    private static GrammarVocabulary vocabulary() {
        List<byte[]> bytes = new ArrayList<>();
        TOKENS.forEach(token -> bytes.add(token.getBytes(StandardCharsets.UTF_8)));
        bytes.add(null);
        bytes.add(null);
        return GrammarVocabulary.of(bytes, Set.of(END));
    }

    private static TriggeredMask mask() {
        return mask(Grammar.regex("ab?!"));
    }

    private static TriggeredMask mask(Grammar grammar) {
        return new TriggeredMask(VOCABULARY, List.of("<<"), new int[] {MARKER},
                _ -> grammar.mask(VOCABULARY, false));
    }

    private static boolean allows(TriggeredMask mask, int token) {
        long[] allowed = mask.allowed();
        return allowed == null || (allowed[token >> 6] >>> token & 1) != 0;
    }

    /// Whether each trigger of a text is followed by a text of the grammar or by the begin of one.
    private static boolean isViable(String text) {
        int at = text.indexOf("<<");
        if (at < 0) {
            return true;
        }
        Matcher formed = FORMED.matcher(text).region(at, text.length());
        if (formed.lookingAt()) {
            return isViable(text.substring(formed.end()));
        }
        return Set.of("", "a", "ab").contains(text.substring(at + 2));
    }

    /// All sequences of up to four tokens. A token may not go on after the grammar's end.
    @Test
    void triggersAreFoundWithinAndAcrossTokens() {
        List<List<Integer>> sequences = new ArrayList<>(List.of(List.of()));
        int numRefused = 0;
        for (int i = 0; i < sequences.size(); i++) {
            List<Integer> tokens = sequences.get(i);
            TriggeredMask mask = mask();
            StringBuilder text = new StringBuilder();
            for (int token : tokens) {
                mask.accept(token);
                text.append(TOKENS.get(token));
            }
            for (int token = 0; token < TOKENS.size(); token++) {
                boolean isAllowed = allows(mask, token);
                assertEquals(isViable(text + TOKENS.get(token)), isAllowed, text + " and then " + TOKENS.get(token));
                numRefused += isAllowed ? 0 : 1;
                if (isAllowed && tokens.size() < 3) {
                    List<Integer> longer = new ArrayList<>(tokens);
                    longer.add(token);
                    sequences.add(longer);
                }
            }
            assertEquals(!mask.isActive(), allows(mask, END), text.toString());
        }
        assertTrue(numRefused > 100);
    }

    /// While another sample's mask is computed, which may take seconds, a sample answers at once that it is not ready.
    @Test
    void noSampleWaitsForTheMaskOfAnother() throws Exception {
        Grammar grammar = Grammar.regex("ab?!");
        TriggeredMask mask = mask(grammar);
        mask.accept(TOKENS.indexOf("<<"));
        assertTrue(mask.isReady());
        TriggeredMask free = mask(grammar);
        GrammarMask other = grammar.mask(VOCABULARY, false);
        assertTrue(other.engine.begin());
        try {
            CompletableFuture.runAsync(() -> {
                mask.accept(TOKENS.indexOf("a!"));
                assertFalse(mask.isReady());
                assertFalse(free.isReady());
                free.accept(TOKENS.indexOf("<<a"));
                assertFalse(free.isReady());
            }, task -> Thread.ofPlatform().daemon().start(task)).get(30, TimeUnit.SECONDS);
        } finally {
            other.engine.end();
        }
        assertTrue(mask.isReady() && free.isReady());
        assertFalse(mask.isActive());
        assertTrue(allows(mask, END) && allows(free, TOKENS.indexOf("b")) && !allows(free, END));
    }

    @Test
    void tokensAreTriggersToo() {
        TriggeredMask mask = mask();
        assertTrue(allows(mask, MARKER));
        mask.accept(MARKER);
        assertTrue(mask.isActive() && allows(mask, TOKENS.indexOf("a!")));
        assertFalse(allows(mask, TOKENS.indexOf("b")) || allows(mask, END) || allows(mask, MARKER));
        mask.accept(TOKENS.indexOf("a!"));
        assertFalse(mask.isActive());
        assertTrue(allows(mask, END));
    }

    @Test
    void whereNoTokenRunsOverATriggerEveryTokenIsFree() {
        GrammarVocabulary bytes = GrammarVocabulary.of(List.of(new byte[] {'<'}, new byte[] {'a'}), Set.of());
        TriggeredMask mask = new TriggeredMask(bytes, List.of("<"), new int[0],
                _ -> Grammar.regex("a").mask(bytes, false));
        assertNull(mask.allowed());
        mask.accept(0);
        assertEquals(0b10, mask.allowed()[0]);
        assertThrows(IllegalArgumentException.class, () -> mask.accept(0));
        assertThrows(IllegalArgumentException.class, () -> new TriggeredMask(bytes, List.of(""), new int[0],
                _ -> Grammar.regex("a").mask(bytes, false)));
    }
}
