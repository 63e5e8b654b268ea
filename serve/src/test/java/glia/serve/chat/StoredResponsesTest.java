package glia.serve.chat;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import glia.serve.chat.StoredResponses.Stored;
import glia.serve.request.ServeException;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class StoredResponsesTest {
    private static final int TEXT = 1000;

    private final StoredResponses responses = new StoredResponses(5 * TEXT, 9 * TEXT);

    /// A response of about 1,000 bytes of JSON.
    private static Stored response(String caller, String id) {
        return Stored.of(caller, List.of(), List.of(Map.of("text", "x".repeat(TEXT - 50))), Map.of("id", id));
    }

    private boolean has(String caller, String id) {
        try {
            return responses.get(id, caller).id().equals(id);
        } catch (ServeException e) {
            assertEquals(404, e.status());
            return false;
        }
    }

    @Test
    void anotherCallerSeesNone() {
        responses.put(response("a", "1"));
        assertTrue(has("a", "1"));
        assertThrows(ServeException.class, () -> responses.get("1", "b"));
        assertThrows(ServeException.class, () -> responses.delete("1", "b"));
        assertTrue(has("a", "1"));
        responses.delete("1", "a");
        assertThrows(ServeException.class, () -> responses.get("1", "a"));
        assertEquals(0, responses.usedBytes());
    }

    @Test
    void theLeastRecentlyUsedOfACallerIsDropped() {
        responses.put(response("b", "other"));
        for (int i = 0; i < 5; i++) {
            responses.put(response("a", "a" + i));
            assertTrue(has("a", "a0"), "used after each");
        }
        responses.put(response("a", "a5"));
        assertTrue(has("a", "a0"));
        assertTrue(!has("a", "a1"), "the oldest that was not used");
        assertTrue(has("b", "other"));
    }

    @Test
    void memoryIsBoundedOverManyCallers() {
        for (int i = 0; i < 1000; i++) {
            responses.put(response("caller" + i, "r" + i));
            assertTrue(responses.usedBytes() <= 9 * TEXT);
        }
        assertTrue(has("caller999", "r999"));
        assertTrue(!has("caller0", "r0"));
    }

    @Test
    void whatIsLargerThanTheLimitIsNotKept() {
        responses.put(Stored.of("a", List.of(), List.of(Map.of("text", "x".repeat(5 * TEXT))), Map.of("id", "1")));
        assertTrue(!has("a", "1"));
        assertEquals(0, responses.usedBytes());
    }

    @Test
    void aDeletedResponseIsNotReplaced() {
        responses.put(response("a", "1"));
        responses.put(response("a", "1"));
        assertTrue(responses.usedBytes() < 2 * TEXT - 100);
        responses.delete("1", "a");
        responses.replace(response("a", "1"));
        assertTrue(!has("a", "1"));
    }
}
