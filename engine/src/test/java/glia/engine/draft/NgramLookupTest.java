package glia.engine.draft;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class NgramLookupTest {
    private static int[] draft(int... tokens) {
        NgramLookup lookup = new NgramLookup();
        DraftTokens drafts = new DraftTokens();
        if (lookup.find(tokens, tokens.length) > 0) {
            lookup.draft(tokens, tokens.length, 4, drafts);
        }
        int[] ids = new int[drafts.count()];
        drafts.copyTo(ids, 0);
        return ids;
    }

    @Test
    void draftsWhatFollowedTheLongestMatchAndOfEqualOnesTheLast() {
        assertEquals("[3, 4, 1, 2]", Arrays.toString(draft(1, 2, 3, 4, 1, 2)));
        // 9 1 2 is longer than the later 1 2.
        assertEquals("[3, 1, 2, 4]", Arrays.toString(draft(9, 1, 2, 3, 1, 2, 4, 9, 1, 2)));
        assertEquals("[4, 1, 2, 4]", Arrays.toString(draft(1, 2, 3, 1, 2, 4, 1, 2)));
        assertEquals("[7, 7, 7, 7]", Arrays.toString(draft(7, 7, 7)));
        assertEquals("[]", Arrays.toString(draft(1, 2, 3, 2)));
        assertEquals("[]", Arrays.toString(draft(1, 1)));
        assertEquals("[]", Arrays.toString(draft()));
    }

    /// Beside a search that compares all places, on texts of few tokens.
    @Test
    void findsWhatAFullSearchFinds() {
        Random random = new Random(3);
        NgramLookup lookup = new NgramLookup();
        for (int i = 0; i < 2000; i++) {
            int[] tokens = random.ints(random.nextInt(60), 0, 1 + random.nextInt(4)).toArray();
            // What lies beyond the length does not count.
            int length = tokens.length == 0 ? 0 : random.nextInt(tokens.length + 1);
            int best = 0;
            int next = 0;
            for (int end = 0; end < length - 1; end++) {
                int count = 0;
                while (count <= end && count < NgramLookup.LONGEST
                        && tokens[end - count] == tokens[length - 1 - count]) {
                    count++;
                }
                if (count >= Math.max(best, NgramLookup.SHORTEST)) {
                    best = count;
                    next = end + 1;
                }
            }
            assertEquals(best, lookup.find(tokens, length), Arrays.toString(tokens));
            if (best > 0) {
                DraftTokens drafts = new DraftTokens();
                lookup.draft(tokens, length, DraftTokens.MOST, drafts);
                int[] longer = Arrays.copyOf(tokens, length + DraftTokens.MOST);
                for (int t = 0; t < DraftTokens.MOST; t++) {
                    longer[length + t] = longer[next + t];
                    assertEquals(longer[length + t], drafts.id(t));
                }
            }
        }
    }
}
