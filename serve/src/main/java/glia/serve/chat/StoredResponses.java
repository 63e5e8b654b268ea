package glia.serve.chat;

import glia.serve.http.Json;
import glia.serve.request.ServeException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/// Responses that are kept for later requests. The least recently used ones are dropped when those of a caller, or all
/// together, take too much memory. A caller sees only its own.
public final class StoredResponses {
    private static final int MAP_CAPACITY = 64;

    private static final long USUAL_BYTES_PER_CALLER = 16L << 20;
    private static final long USUAL_BYTES = 128L << 20;

    private final long bytesPerCaller;
    private final long bytes;
    /// In the order of their last use.
    private final LinkedHashMap<String, Stored> byId = new LinkedHashMap<>(MAP_CAPACITY, 0.75f, true);
    private final Map<String, Long> used = new HashMap<>();
    private long usedBytes;

    /// A stored response.
    ///
    /// @param input the items of its request
    /// @param conversation all items until its end: those of earlier responses, its input, its output
    /// @param body the response as it was sent
    public record Stored(String caller, List<Map<String, Object>> input, List<Map<String, Object>> conversation,
            Map<String, Object> body, long size) {
        /// Computes the size.
        public static Stored of(String caller, List<Map<String, Object>> input, List<Map<String, Object>> conversation,
                Map<String, Object> body) {
            return new Stored(caller, List.copyOf(input), List.copyOf(conversation), body,
                    Json.bytes(conversation).length + (long) Json.bytes(body).length + Json.bytes(input).length);
        }

        /// The response's id.
        public String id() {
            return (String) body.get("id");
        }
    }

    /// With the usual limits.
    public StoredResponses() {
        this(USUAL_BYTES_PER_CALLER, USUAL_BYTES);
    }

    /// @param bytesPerCaller the most bytes of JSON of one caller
    /// @param bytes the most bytes of JSON of all callers
    StoredResponses(long bytesPerCaller, long bytes) {
        this.bytesPerCaller = bytesPerCaller;
        this.bytes = bytes;
    }

    /// Keeps a later state of a response, unless it was deleted in the meantime.
    public synchronized void replace(Stored stored) {
        if (byId.containsKey(stored.id())) {
            put(stored);
        }
    }

    /// Keeps a response, in place of an earlier state of it.
    public synchronized void put(Stored stored) {
        remove(stored.id());
        if (stored.size() > bytesPerCaller) {
            return;
        }
        byId.put(stored.id(), stored);
        add(stored, stored.size());
        Iterator<Stored> oldest = new ArrayList<>(byId.values()).iterator();
        while (oldest.hasNext() && (used.get(stored.caller()) > bytesPerCaller || usedBytes > bytes)) {
            Stored old = oldest.next();
            if (usedBytes > bytes || old.caller().equals(stored.caller())) {
                remove(old.id());
            }
        }
    }

    private void add(Stored stored, long size) {
        usedBytes += size;
        used.merge(stored.caller(), size, (a, b) -> a + b == 0 ? null : Long.valueOf(a + b));
    }

    private void remove(String id) {
        Stored old = byId.remove(id);
        if (old != null) {
            add(old, -old.size());
        }
    }

    /// A response of a caller.
    ///
    /// @throws ServeException if there is none, or it is another caller's: status 404
    public synchronized Stored get(String id, String caller) {
        return find(id, caller).orElseThrow(() -> new ServeException(404, "invalid_request_error", "response_id",
                "Response with id '" + id + "' not found; responses are kept with store, until others need their "
                + "memory"));
    }

    /// A response of a caller; empty if there is none, or it is another caller's.
    public synchronized Optional<Stored> find(String id, String caller) {
        return Optional.ofNullable(byId.get(id)).filter(stored -> stored.caller().equals(caller));
    }

    /// An item of a caller's response.
    ///
    /// @param response the id of the response
    /// @param id the item's `id`
    public Optional<Map<String, Object>> item(String response, String id, String caller) {
        return find(response, caller).stream().flatMap(stored -> stored.conversation().stream())
                .filter(item -> id.equals(item.get("id"))).findFirst();
    }

    /// Forgets a response of a caller.
    ///
    /// @throws ServeException if there is none: status 404
    public synchronized void delete(String id, String caller) {
        get(id, caller);
        remove(id);
    }

    /// The bytes of all responses.
    synchronized long usedBytes() {
        return usedBytes;
    }
}
